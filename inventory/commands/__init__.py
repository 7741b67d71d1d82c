"""The command line: `tallycard`. Each command imports what it needs when it runs."""

import importlib
import sys
from typing import Any

import click

from inventory import __version__

COMMANDS = {
    "backup": "backup:backup",
    "cards": "printing:cards",
    "codes": "codes:codes",
    "count": "counting:count",
    "db": "database:db_group",
    "demo": "demo:demo",
    "doctor": "doctor:doctor",
    "export": "exporting:export",
    "import": "importing:import_file",
    "labels": "printing:labels",
    "resolve": "codes:resolve",
    "restore": "backup:restore",
    "run": "server:run",
    "setup": "setup:setup",
    "station": "station:station",
    "token": "people:token",
    "user": "people:user",
    "verify": "verifying:verify",
}


class Lazily(click.Group):
    """A group that imports a command's module when the command is named, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name].split(":")
        found = importlib.import_module(f"inventory.commands.{module}")
        command: click.Command = getattr(found, attribute)
        return command


@click.group(cls=Lazily, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tallycard")
def tallycard() -> None:
    """
    Tallycard · 柜里有数: one code on every thing, one card on every cabinet.

    \b
    Exit codes: 0 done, 1 the answer is no, 2 bad input, 3 refused, 4 not found,
    5 something needed is unavailable.
    """


def main(arguments: list[str] | None = None) -> Any:
    """Run a command and end the process with its exit code."""
    from inventory.commands.edge import run_command

    sys.exit(run_command(tallycard, sys.argv[1:] if arguments is None else arguments))
