"""A real HTTP server on this computer that takes scans as the product does, or misbehaves."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "word-of-the-station"


class TallyServer:
    """
    Takes each (device, seq) once and repeats the outcome that it stored.

    ``behaviours`` are used up one a request, before the ordinary one: functions of the request
    that answer in their own way.
    """

    def __init__(self, port=0):
        self.kept = {}
        self.batches = []
        self.authorizations = []
        self.paths = []
        self.behaviours = []
        self.poison = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def payloads(self):
        return [scan["payload"] for scan in self.kept.values()]

    def _handler(outer):
        class Handler(BaseHTTPRequestHandler):
            server_version = "Tally"
            tally = outer

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.authorizations.append(self.headers["Authorization"])
                outer.paths.append(self.path)
                outer.batches.append(body["scans"])
                behave = outer.behaviours.pop(0) if outer.behaviours else taken
                behave(self, body["scans"])

            def do_GET(self):
                raise AssertionError("a scan is never sent by GET")

            def reply(self, status, body, headers=()):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        return Handler


def results(request, scans):
    """Take the scans and give the body that tells so."""
    kept, told = request.tally.kept, []
    for scan in scans:
        name = scan["device"], scan["seq"]
        outcome = "again" if name in kept else "seen" if scan["payload"][0] == "2" else "unknown"
        kept.setdefault(name, scan)
        told.append(
            {
                "device": scan["device"],
                "seq": scan["seq"],
                "outcome": outcome,
                "target": {"code": scan["payload"]} if outcome == "seen" else None,
                "task": {"id": scan["task"]} if "task" in scan else None,
            }
        )
    return {"results": told}


def taken(request, scans):
    """Behave as the product: one bad scan spoils its batch, unnamed."""
    if any(scan["payload"] in request.tally.poison for scan in scans):
        request.reply(422, {"title": "Unprocessable", "detail": "a payload is not acceptable"})
    else:
        request.reply(200, results(request, scans))


def dies_before_it_replies(request, scans):
    results(request, scans)
    request.close_connection = True
    request.connection.close()


def answers(status, body, *headers):
    return lambda request, scans: request.reply(status, body, headers)
