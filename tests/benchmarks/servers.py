"""Servers in process groups of their own, and the CPU time that their processes use."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
START_S = 30.0
END_S = 5.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port and the process that leads its group."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Return the CPU seconds that its processes have used so far, user and system."""
        return sum(_cpu_ticks(pid) for pid in (self.pid, *_children(self.pid))) / TICKS_PER_S


@contextmanager
def tallycard(data: Path, database: str = "") -> Iterator[Server]:
    """Run the product's own server on the database in a folder, or on another one."""
    settings = {"TALLYCARD_DATA": str(data), "TALLYCARD_SECRET_KEY": "0123456789abcdef" * 4}
    settings |= {"TALLYCARD_DATABASE": database} if database else {}
    program = "from inventory.commands import main; main(['run', '--port', '{port}'])"
    with _running([sys.executable, "-c", program], "/healthz", settings) as server:
        yield server


@contextmanager
def bare() -> Iterator[Server]:
    """Run the bare Flask endpoint that others are compared with, under the same server."""
    program = "from tests.benchmarks.bare import serve; serve({port})"
    with _running([sys.executable, "-c", program], "/", {}) as server:
        yield server


@contextmanager
def _running(command: list[str], path: str, settings: Mapping[str, str]) -> Iterator[Server]:
    port = _free_port()
    process = subprocess.Popen(
        [part.replace("{port}", str(port)) for part in command],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_until_up(process, port, path)
        yield Server(port, process.pid)
    finally:
        _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_up(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"the server did not answer within {START_S:.0f} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the group that was started here: politely, then for certain."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(END_S)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _children(pid: int) -> list[int]:
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            found += [child, *_children(child)]
    return found


def _cpu_ticks(pid: int) -> int:
    """Utime and stime, fields 14 and 15 of proc(5); the name before them may hold spaces."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])
