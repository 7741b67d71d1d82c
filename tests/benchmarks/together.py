"""Scans while others write: pages that enter quantities, and a ledger of 50,000 rows coming in."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from openpyxl import Workbook

from tests.benchmarks import load, servers
from tests.benchmarks.deployment import KEY, LOGIN, PASSWORD, SCHOOL, Deployment
from tests.benchmarks.single_scans import Run
from tests.benchmarks.table import Row

CLIENTS = 32
WRITERS = 2
SECONDS = 6.0
ROWS = int(os.environ.get("TALLYCARD_BENCH_ROWS", "50000"))
STARTED_S = 240.0
REFERENCE = "the same clients alone"
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
HEADER = ("仪器编号", "仪器名称", "规格型号", "单位", "实有数量", "单价", "存放地点", "保管人")


def measure(deployment: Deployment, folder: Path) -> Iterator[Row]:
    """Measure scans alone, beside page writers, and beside an import as well."""
    ledger = _ledger(folder / "账.xlsx")
    own = deployment.copied(folder / "together")
    with servers.tallycard(own.config.data) as server:
        orders = load.Orders(0, own.token, CLIENTS, SECONDS, "", own.codes)
        Run(server).add(replace(orders, device="warm", seconds=0.5))
        alone = _run(server, replace(orders, device="alone"))
        with _pages(server.port, own) as pages:
            beside = _run(server, replace(orders, device="pages"))
            yield from _rows(f"scans beside {WRITERS} page writers", beside, alone, pages.note())
            for name, where in (("another process", _by_command), ("the server", _by_page)):
                with where(server.port, own, ledger) as note:
                    beside = _run(server, replace(orders, device=name, seconds=2 * SECONDS))
                    told = f"{note()}; {pages.note()}"
                what = f"scans beside page writers and an import by {name}"
                yield from _rows(what, beside, alone, told)


def _run(server: servers.Server, orders: load.Orders) -> Run:
    run = Run(server)
    run.add(orders)
    return run


def _rows(what: str, beside: Run, alone: Run, note: str) -> Iterator[Row]:
    yield Row(what, "scans/s", beside.per_second, alone.per_second, REFERENCE, note=note)
    for percent in (50, 99):
        ours, reference = beside.percentile_ms(percent), alone.percentile_ms(percent)
        yield Row(what, f"p{percent} ms", ours, reference, REFERENCE)


def _ledger(path: Path) -> Path:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("科学")
    sheet.append(HEADER)
    for n in range(ROWS):
        place = f"科仪1-01-{n % 6 + 1}"
        sheet.append((f"{n % 90_000 + 10_000}", f"试管 {n}", "", "支", 5, 1.5, place, "王芳"))
    book.save(path)
    return path


# --- pages ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Browser:
    """As much of a browser as a form needs: a connection, cookies, the token of the forms."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def get(self, path: str) -> str:
        """Get a page and remember its token for forms."""
        _, text = self._ask("GET", path, None)
        found = TOKEN.search(text)
        self.token = found[1] if found else self.token
        return text

    def post(self, path: str, values: dict[str, str]) -> int:
        """Send a form and return the status."""
        body = urllib.parse.urlencode(values | {"csrf_token": self.token})
        return self._ask("POST", path, body)[0]

    def upload(self, path: str, file: Path) -> str:
        """Send a file and return where the answer leads to."""
        mark = "tallycard-bench"
        part = f"--{mark}\r\nContent-Disposition: form-data; name="
        token = f'{part}"csrf_token"\r\n\r\n{self.token}\r\n'
        head = f'{token}{part}"file"; filename="{file.name}"\r\n\r\n'
        body = head.encode() + file.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        status, place = self._ask("POST", path, body, f"multipart/form-data; boundary={mark}")
        if status != 302:
            raise RuntimeError(f"the upload was answered {status}")
        return place

    def _ask(
        self, method: str, path: str, body: str | bytes | None,
        kind: str = "application/x-www-form-urlencoded",
    ) -> tuple[int, str]:  # fmt: skip
        connection = http.client.HTTPConnection(servers.HOST, self.port, timeout=300)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = kind
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        connection.close()
        return answer.status, answer.getheader("Location") or text


def _signed_in(port: int) -> Browser:
    browser = Browser(port)
    browser.get("/sign-in")
    if browser.post("/sign-in", {"login": LOGIN, "password": PASSWORD}) != 302:
        raise RuntimeError("the benchmark could not sign in")
    browser.get("/counts")
    return browser


@dataclass(slots=True)
class Writers:
    """What the page writers did meanwhile."""

    done: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def note(self) -> str:
        """Say how many forms were answered since the last time, and how long half of them took."""
        done, self.done = sorted(self.done), []
        middle = f", p50 {done[len(done) // 2] * 1000:.0f} ms" if done else ""
        return f"{len(done)} forms{middle}"


@contextmanager
def _pages(port: int, own: Deployment) -> Iterator[Writers]:
    writers = Writers()
    threads = [
        threading.Thread(target=_write, args=(port, own, writers, number))
        for number in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.stop.set()
        for thread in threads:
            thread.join()


def _write(port: int, own: Deployment, writers: Writers, number: int) -> None:
    """Choose the language over and over: a form that is checked, written and answered."""
    browser = _signed_in(port)
    turn = number
    while not writers.stop.is_set():
        begun = time.perf_counter()
        turn += 1
        status = browser.post("/language", {"language": ("zh-CN", "en")[turn % 2]})
        if status != 302:
            raise RuntimeError(f"a form was answered {status}")
        writers.done.append(time.perf_counter() - begun)


# --- imports -------------------------------------------------------------------------------


@contextmanager
def _by_command(port: int, own: Deployment, ledger: Path) -> Iterator[Callable[[], str]]:
    arguments = ["import", str(ledger), "--school", SCHOOL]
    program = f"from inventory.commands import main; main({arguments!r})"
    settings = {"TALLYCARD_DATA": str(own.config.data), "TALLYCARD_SECRET_KEY": KEY}
    process = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, **settings}, start_new_session=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for_rows(own, process)
        before = _imported(own)
        yield lambda: f"{_imported(own) - before} rows came in"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


@contextmanager
def _by_page(port: int, own: Deployment, ledger: Path) -> Iterator[Callable[[], str]]:
    browser = _signed_in(port)
    browser.get("/imports")
    address = browser.upload("/imports", ledger)
    stop = threading.Event()

    def apply() -> None:
        while not stop.is_set():
            browser.post(f"{address}/application", {})

    thread = threading.Thread(target=apply)
    before = _imported(own)
    thread.start()
    try:
        yield lambda: f"{_imported(own) - before} rows came in"
    finally:
        stop.set()
        thread.join()


def _imported(own: Deployment) -> int:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(str(own.config.database_file))) as connection:
        [done] = connection.execute("SELECT count(*) FROM ledger_line").fetchone()
    return int(done)


def _wait_for_rows(own: Deployment, process: subprocess.Popen[bytes]) -> None:
    """Wait until the import is being applied: reading 50,000 rows takes a while."""
    before, deadline = _imported(own), time.monotonic() + STARTED_S
    while _imported(own) == before:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the import did not begin")
        time.sleep(0.2)
