"""The engine alone: ``python -m scanner decode FILE…``."""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from scanner.decode import DECODERS, DEFAULT_FORMATS, Format, Reading, decode
from scanner.errors import DriverMissing, UnreadableImage
from scanner.images import load_image

READ, NOTHING_READ, BAD_INPUT, DRIVER_MISSING = 0, 1, 2, 5

_EXAMPLES = """\
examples:
  python -m scanner decode shelf.jpg
  python -m scanner decode --json photos/*.jpg > codes.jsonl
  python -m scanner decode --decoder pyzbar --formats qr,code128 label.png

Each line of --json is one picture:
  {"file", "codes": [{"text", "format", "corners": [[x, y] x 4], "decoder"}], "ms"}
or, when it cannot be opened, {"file", "error"}. Corners are pixels, clockwise from
the one nearest the picture's top left; ms is the time of decoding, without opening.

exit codes:
  0  every picture was opened, and something was read
  1  every picture was opened, and nothing was read in any
  2  bad input: an option that does not exist, a file missing or unreadable
  5  a decoder that is needed is not installed
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    _write_utf8()
    options = _parser().parse_args(arguments)
    try:
        return _decode(options)
    except DriverMissing as missing:
        print(f"scanner: {missing}", file=sys.stderr)
        return DRIVER_MISSING
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READ


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scanner", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "decode",
        help="read the codes in pictures",
        description="Read the QR codes, Data Matrix and Code 128 symbols in pictures.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="png, jpeg, webp, bmp, tiff, gif")
    command.add_argument("--json", action="store_true", help="one JSON object a picture and line")
    command.add_argument(
        "--decoder",
        choices=DECODERS,
        default="auto",
        help="auto (default): zxing-cpp leads, pyzbar is asked when a symbol may be left",
    )
    command.add_argument(
        "--formats",
        type=_formats,
        default=DEFAULT_FORMATS,
        metavar="LIST",
        help=f"symbologies with commas between (default: {','.join(DEFAULT_FORMATS)})",
    )
    return parser


def _formats(words: str) -> tuple[Format, ...]:
    try:
        return tuple(Format(word.strip()) for word in words.split(","))
    except ValueError as unknown:
        raise argparse.ArgumentTypeError(f"{unknown}; known: {','.join(Format)}") from None


def _decode(options: argparse.Namespace) -> int:
    show = _show_json if options.json else _show_rows
    damaged, codes = 0, 0
    for file in options.files:
        try:
            image = load_image(file)
        except UnreadableImage as error:
            damaged += 1
            print(f"scanner: {error}", file=sys.stderr)
            if options.json:
                _print_json({"file": file, "error": error.reason})
            continue
        begun = perf_counter()
        readings = decode(image, formats=options.formats, decoder=options.decoder)
        codes += len(readings)
        show(file, readings, (perf_counter() - begun) * 1000)
    if damaged:
        return BAD_INPUT
    return READ if codes else NOTHING_READ


def _show_json(file: str, readings: Sequence[Reading], ms: float) -> None:
    codes = [
        {
            "text": reading.text,
            "format": reading.format.value,
            "corners": reading.corners,
            "decoder": reading.decoder,
        }
        for reading in readings
    ]
    _print_json({"file": file, "codes": codes, "ms": round(ms, 3)})


def _print_json(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


def _show_rows(file: str, readings: Sequence[Reading], ms: float) -> None:
    print(f"{file}  {len(readings)} codes  {ms:.0f} ms")
    for reading in readings:
        x, y = reading.corners[0]
        place = f"{x},{y}"
        print(f"  {reading.format:<8} {reading.decoder:<7} {place:<11} {_visible(reading.text)}")


def _visible(text: str) -> str:
    """Write out what would move the cursor or colour the terminal: a label may hold anything."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _write_utf8() -> None:
    # On Windows a pipe has the code page of the country otherwise.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
