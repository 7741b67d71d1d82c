"""Servers that are broken on purpose, so that the checker has something to find.

`early` acknowledges before it commits; `keyless` keeps every request as a new scan.
"""

import json
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT_AFTER_S = 0.3
TABLE = "CREATE TABLE IF NOT EXISTS scan (place TEXT, device TEXT, seq INTEGER, outcome TEXT)"


class Early:
    """Holds what came in memory and commits it a little later."""

    def __init__(self, database: str) -> None:
        self._database, self._guard = database, threading.Lock()
        self._waiting: list[tuple[Any, ...]] = []
        with sqlite3.connect(database) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(TABLE)
        threading.Thread(target=self._commit, daemon=True).start()

    def keep(self, row: tuple[Any, ...]) -> None:
        with self._guard:
            self._waiting.append(row)

    def _commit(self) -> None:
        connection = sqlite3.connect(self._database)
        while True:
            time.sleep(COMMIT_AFTER_S)
            with self._guard:
                rows, self._waiting = self._waiting, []
            connection.executemany("INSERT INTO scan VALUES (?, ?, ?, ?)", rows)
            connection.commit()


class Keyless(Early):
    """Commits before it answers, but knows no scan again."""

    def keep(self, row: tuple[Any, ...]) -> None:
        with self._guard, sqlite3.connect(self._database, timeout=20) as connection:
            connection.execute("INSERT INTO scan VALUES (?, ?, ?, ?)", row)


def serve(port: int, store: Early) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"status": "ok"})

        def do_POST(self) -> None:
            scan = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            store.keep((scan["place"], scan["device"], scan["seq"], "seen"))
            self._answer({"results": [{"outcome": "seen"}]})

        def _answer(self, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), {"early": Early, "keyless": Keyless}[sys.argv[2]](sys.argv[3]))
