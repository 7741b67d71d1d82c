"""Pages of the demonstration at the size that is asked for, beside a bare Flask answer."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

from tests.benchmarks import servers
from tests.benchmarks.deployment import KEY, Deployment
from tests.benchmarks.table import Row
from tests.benchmarks.together import Browser
from tests.postgres import private_server

THINGS = int(os.environ.get("TALLYCARD_BENCH_THINGS", "2000"))
A_SCHOOL = 100_000
"""Things in one school; of more there are several."""
CLIENTS = 1
"""People look at one page at a time; how many scan at once is measured elsewhere."""
ROUNDS = 30
CABINET = re.compile(r"/cabinets/[2-9][0-9]{10}")
THING = re.compile(r"/things/[2-9][0-9]{10}")
KIND = re.compile(r"/books/kinds/[0-9a-f]{32}")
REFERENCE = "a bare Flask view, same server and clients"


def measure(_: Deployment, folder: Path) -> Iterator[Row]:
    """Measure what people look at all day, as a technician and as a bureau's officer."""
    yield from _on_engine("SQLite", folder / "demonstration", "")
    with private_server() as uri:
        yield from _on_engine("PostgreSQL", folder / "on-postgres", uri)


def _on_engine(engine: str, data: Path, database: str) -> Iterator[Row]:
    schools = max(1, THINGS // A_SCHOOL)
    accounts = _demonstration(data, database, schools)
    with servers.tallycard(data, database) as ours, servers.bare() as bare:
        reference = _asked(bare, [Browser(bare.port) for _ in range(CLIENTS)], "/")
        for login in ("technician", "officer"):
            browsers = [_signed_in(ours.port, accounts[login]) for _ in range(CLIENTS)]
            school = accounts["technician"]["school_id"]
            for what, path in _paths(browsers[0], login, school):
                asked = _asked(ours, browsers, path)
                yield from _rows(f"{what}, {login}, {engine}", asked, reference)


def _demonstration(data: Path, database: str, schools: int) -> dict[str, dict[str, str]]:
    """Load it with the command that everybody has, and return its accounts by name."""
    environment = {**os.environ, "TALLYCARD_DATA": str(data), "TALLYCARD_SECRET_KEY": KEY}
    environment |= {"TALLYCARD_DATABASE": database} if database else {}
    told = ""
    for arguments in (
        ["db", "upgrade"],
        ["demo", "--schools", str(schools), "--things", str(THINGS), "--json"],
    ):
        told = subprocess.run(
            [sys.executable, "-m", "inventory.commands", *arguments], env=environment,
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    return {one["login"]: one for one in map(json.loads, told.splitlines())}


def _signed_in(port: int, account: dict[str, str]) -> Browser:
    browser = Browser(port)
    browser.get("/sign-in")
    sent = {"login": account["login"], "password": account["password"]}
    if browser.post("/sign-in", sent) != 302:
        raise RuntimeError("the benchmark could not sign in")
    return browser


def _paths(browser: Browser, login: str, school: str) -> list[tuple[str, str]]:
    cabinet = _first(CABINET, browser.get(f"/cabinets?school={school}"))
    thing = _first(THING, browser.get(f"/things?school={school}"))
    kind = _first(KIND, browser.get(f"/books/detail?school={school}"))
    paths = [
        ("home", "/"), ("things", "/things"), ("search 天平", "/things?q=天平"),
        ("search of two words", "/things?q=童喆 天平"), ("search by initials", "/things?q=dztp"),
        ("a filter", f"/things?school={school}&label=minted&sort=newest"),
        ("agreement", "/agreement"), ("general ledger", f"/books/general?school={school}"),
        ("low-value ledger", f"/books/low-value?school={school}"), ("an account", kind),
        ("a thing", thing), ("a cabinet", cabinet), ("cabinets", f"/cabinets?school={school}"),
        ("kinds", "/kinds"), ("search by code", f"/things?q={thing.rpartition('/')[2]}"),
        ("find 天平", "/find?q=天平"), ("detailed ledger", f"/books/detail?school={school}"),
        ("documents", "/documents"), ("documents waiting", "/documents?waiting=1"),
        ("search of documents", "/documents?q=GZ"), ("loans", "/loans"),
        ("attainment", "/attainment"), ("attainment of a school", f"/attainment?school={school}"),
    ]  # fmt: skip
    return [(what, path) for what, path in paths if path]


def _first(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    return found[0] if found else ""


class Asked:
    """What came of asking one page over and over."""

    def __init__(self, spent_ms: list[float], cpu_ms: float) -> None:
        self.spent_ms = spent_ms
        self.cpu_ms = cpu_ms


def _asked(server: servers.Server, browsers: list[Browser], path: str) -> Asked:
    spent: list[float] = []
    address = quote(path, safe="/?=&")

    def ask(browser: Browser) -> None:
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            browser.get(address)
            spent.append((time.perf_counter() - begun) * 1000)

    browsers[0].get(address)
    before = server.cpu_s()
    threads = [threading.Thread(target=ask, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Asked(spent, (server.cpu_s() - before) * 1000 / len(spent))


def _rows(what: str, ours: Asked, reference: Asked) -> Iterator[Row]:
    note = f"{THINGS:,} things, {CLIENTS} client"
    yield Row(what, "p50 ms", median(ours.spent_ms), median(reference.spent_ms), REFERENCE,
              ours.cpu_ms, reference.cpu_ms, note)  # fmt: skip
    yield Row(what, "p95 ms", quantiles(ours.spent_ms, n=20)[18],
              quantiles(reference.spent_ms, n=20)[18], REFERENCE)  # fmt: skip
