"""The least that an answer to a scan could cost: a Flask view that says `{"ok": true}`."""

from flask import Flask

from inventory.commands.server import THREADS
from tests.benchmarks.servers import HOST


def application() -> Flask:
    """Return an application that answers every POST without reading it into anything."""
    app = Flask(__name__)

    @app.get("/")
    @app.post("/api/v1/scans")
    def _answer() -> dict[str, bool]:
        return {"ok": True}

    return app


def serve(port: int) -> None:
    """Serve it as the product is served: the same server, one worker, as many threads."""
    from granian.constants import Interfaces
    from granian.server import Server

    Server(
        "tests.benchmarks.bare:application",
        address=HOST,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=THREADS,
        websockets=False,
        log_access=False,
        log_level="error",
    ).serve()
