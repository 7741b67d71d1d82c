"""Real processes for tests: the command line, and a server on a free port of loopback."""

import json
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from inventory.commands import main

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["inventory.app", "tests.processes"])
BROWSER = "tallycard-tests"


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment of a deployment: its data folder, English words, our own package."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {
        "TALLYCARD_DATA": str(data), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
        "PYTHONWARNINGS": "error",
    } | more  # fmt: skip


def tallycard(data: Path, *arguments: str, code: int = 0, given: str = "", **more: str) -> str:
    """
    Run a command in a process of its own, expect its exit code, and give what it printed.

    The process comes from a server that has imported everything already: four of five seconds
    that a thousand commands take are imports. README and wheel are tested from nothing.
    """
    with TemporaryDirectory() as folder:
        streams = [Path(folder, name) for name in ("in", "out", "err")]
        streams[0].write_text(given, "utf-8")
        process = FORKS.Process(
            target=_run, args=(arguments, environment(data, **more), data.parent, streams)
        )
        process.start()
        process.join(300)
        if process.exitcode is None:
            process.kill()
        out, err = (stream.read_text("utf-8") for stream in streams[1:])
    assert process.exitcode == code, f"{arguments}: {process.exitcode}\n{out}\n{err}"
    return out + (err if code else "")


def tallycard_from_nothing(data: Path, *arguments: str, **more: str) -> None:
    """Run a command in a new interpreter, for what must be there before it starts."""
    subprocess.run(
        [sys.executable, "-m", "inventory.commands", *arguments], cwd=data.parent,
        env=environment(data, **more), check=True, timeout=300,
    )  # fmt: skip


def _run(
    arguments: Sequence[str], environs: dict[str, str], folder: Path, streams: Sequence[Path]
) -> None:
    """Become the command: its folder, its environment, its streams."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environs)
    time.tzset()
    warnings.simplefilter("error")
    for number, stream in enumerate(streams):
        kept = os.open(stream, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
        os.dup2(kept, number)
        os.close(kept)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    sys.argv = ["tallycard", *arguments]
    main(list(arguments))


def told(output: str) -> list[dict[str, Any]]:
    """The objects that a command printed with --json."""
    return [json.loads(line) for line in output.splitlines()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(data: Path, **more: str) -> Iterator[str]:
    """Run the real server and give its address; its process group ends with the block."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (data.parent / f"server-{port}.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "inventory.commands", "run", "--port", str(port)],
            env=environment(data, **more), cwd=data.parent, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            _wait_until_healthy(server, address)
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _wait_until_healthy(server: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("the server did not answer")


def signed_in(address: str, login: str, password: str) -> str:
    """Sign in with a browser's form and give the cookies of the session."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.addheaders = [("User-Agent", BROWSER)]  # a session belongs to one browser
    page = opener.open(f"{address}/sign-in", timeout=20).read().decode()
    [csrf] = set(re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page))
    form = {"login": login, "password": password, "csrf_token": csrf}
    done = opener.open(f"{address}/sign-in", urlencode(form).encode(), timeout=20)
    assert done.status == 200
    assert "/sign-in" not in done.url
    return "; ".join(f"{one.name}={one.value}" for one in jar)
