"""This module is about the server: `tallycard run`."""

import ctypes
import gc
import os
import signal
import socket
import sys
from typing import Any

import click

from inventory.commands.edge import Form, application
from inventory.commands.nightly import Nightly
from inventory.errors import DemonstrationOnNetwork, NotMigrated, Unavailable

THREADS = 32
"""Requests served at once; writers wait for each other in the lane, so more gain nothing."""
PATIENCE_S = 30
"""What is being answered when the server is told to end may be answered so long."""
PR_SET_PDEATHSIG = 1
EVERY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 - to recognise it, not to listen there


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))
@click.option(
    "--demo",
    "with_demo",
    is_flag=True,
    help="Migrate, load the demonstration into an empty database, print its accounts.",
)
def run(host: str, port: int, with_demo: bool) -> None:
    """
    Run the server until it is ended (Ctrl-C).

    \b
    $ tallycard run
    $ tallycard run --host 0.0.0.0 --port 8080
    $ tallycard run --demo

    When nobody can sign in yet, it prints a setup code for the first page.
    """
    from inventory.config import load
    from inventory.db import only_server

    config = load()
    with only_server(config):
        with application(form=Form.KNOWN):
            code = _prepare(host, with_demo)
        _refuse_taken_port(host, port)
        _say_where(host, port, config.url)
        if code:
            _say_setup_code(f"http://{host}:{port}/setup", code)
        Nightly().start()
        _serve(host, port)


def _prepare(host: str, with_demo: bool) -> str:
    """
    Bring the database to where it can be served; return the setup code when one is needed.

    Raises:
        NotMigrated: an existing database is not up to date.
        DemonstrationOnNetwork: the demonstration would be served to others.
    """
    from flask import current_app

    from inventory.commands.database import bring_up, is_empty, is_migrated
    from inventory.config import is_loopback
    from inventory.db import db
    from inventory.identity.queries import anybody, holds_demonstration
    from inventory.staff.edge import new_setup_code
    from inventory.web.context import CONFIG

    if with_demo and not is_loopback(host):
        raise DemonstrationOnNetwork(host=host)
    if is_empty() or with_demo:
        bring_up()
    if not is_migrated():
        raise NotMigrated(what="database", reason="")
    if with_demo:
        _prepare_demo()
    if holds_demonstration(db.session()) and not is_loopback(host):
        raise DemonstrationOnNetwork(host=host)
    return "" if anybody(db.session()) else new_setup_code(current_app.extensions[CONFIG])


def _say_setup_code(address: str, code: str) -> None:
    with application():
        from flask_babel import gettext

        click.echo(gettext("Nobody can sign in yet. Set up at %(address)s", address=address))
        click.echo(gettext("Setup code: %(code)s", code=code))


def _say_where(host: str, port: int, public: str) -> None:
    """Say where the server is; nobody can open “every address”, so the public one stands beside."""
    click.echo(f"http://{host}:{port}")
    if host in EVERY_ADDRESS:
        click.echo(public)


def _refuse_taken_port(host: str, port: int) -> None:
    """
    Look whether the address is free before promising it.

    Raises:
        Unavailable: another program listens there, or the address is not this computer's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            what = f"http://{host}:{port}"
            raise Unavailable(what=what, reason=error.strerror or str(error)) from error


def _prepare_demo() -> None:
    """Bring the database to its form, load the demonstration once, and say how to sign in."""
    from flask_babel import gettext

    from inventory.commands.demo import accounts, is_loaded, load_district, mark_demonstration
    from inventory.db import db, transact
    from inventory.identity.queries import anybody, holds_demonstration
    from inventory.staff.store import empty_every_table

    if holds_demonstration(db.session()) and not is_loaded(db.session()):
        transact(lambda session: empty_every_table(session.connection()))  # it was interrupted
    if not anybody(db.session()):
        click.echo(gettext("Loading the demonstration district (once) …"))
        load_district()
    if is_loaded(db.session()):
        mark_demonstration()
        click.echo(gettext("Accounts of the demonstration:"))
        for account in accounts():
            click.echo("  {login:11} {password:12} {role:18} {name} {school}".format(**account))


def _serve(host: str, port: int) -> None:
    from granian.constants import Interfaces
    from granian.server import Server

    os.environ["TALLYCARD_SERVER_PID"] = str(os.getpid())
    Server(
        "inventory.commands.server:served",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=1,
        blocking_threads=THREADS,
        websockets=False,
        log_access=False,
        log_level="error",
        workers_kill_timeout=PATIENCE_S,
    ).serve()


def served() -> Any:
    """Return the application in the server's worker process."""
    _die_with_parent()
    _end_when_told()
    from inventory.app import create_app

    app = create_app()
    # What is there now stays until the end: not to look at it again and again for garbage spares
    # requests pauses of some 75 ms.
    gc.collect()
    gc.freeze()
    return app


def _end_when_told() -> None:
    """
    Let the worker end when it is told so before Granian listens for that in it.

    The handler that it inherits from the server notes the signal in a copy that nobody reads.
    """
    inherited = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if getattr(getattr(inherited, "__self__", None), "interrupt_signal", False):
        os._exit(0)


def _die_with_parent() -> None:
    """
    Let the worker end when the server is killed.

    Granian's worker would go on serving, unseen, after its parent got SIGKILL; prctl(2) with
    PR_SET_PDEATHSIG makes the kernel end it. The parent may be gone already.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(os.environ.get("TALLYCARD_SERVER_PID", os.getppid())):
        os._exit(1)
