"""A server to do harm to: in a process group of its own, killed by its number, surely dead."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.checker import get
from tests.processes import environment, free_port

START_S = 60.0
END_S = 20.0


class Victim:
    """A running server on a data folder; `before` runs in its place first and then becomes it."""

    def __init__(self, data: Path, *, before: tuple[str, ...] = (), **more: str) -> None:
        self.port = free_port()
        self.log = data.parent / f"victim-{self.port}.log"
        command = [sys.executable, "-m", "inventory.commands", "run", "--port", str(self.port)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*before, *command], env=environment(data, **more), cwd=data.parent, stdout=log,
                stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if get(self.port, "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.02)
        self.kill()
        raise AssertionError(f"the server did not answer: {self.log.read_text()}")

    def kill(self) -> None:
        """End the whole group at once, without a chance to tidy up, and see that it is gone."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(END_S)
        deadline = time.monotonic() + END_S
        while is_open(self.port):
            assert time.monotonic() < deadline, "the port is still served"
            time.sleep(0.005)

    def __enter__(self) -> "Victim":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
