"""The command line: `python -m labels`."""

import argparse
import io
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import labels
from labels import LabelError, Stock

DONE, CHECK_FAILED, BAD_INPUT, UNAVAILABLE = 0, 1, 2, 5

RENDER_HELP = """\
Render labels from JSON lines {"code", "symbol", "title", "lines": [...]}.

The symbols are read back from the finished pages before the file is written.
PDF: one page a label on a roll, one page a sheet otherwise. PNG: one picture a
page; several pages need an OUTPUT that ends in .zip.

  finish a half-used sheet:
    python -m labels render labels.jsonl --stock a4-3x8 --skip 12 -o labels.pdf
"""
EXIT_HELP = "exit: 0 done, 1 read-back failed, 2 bad input, 5 something needed is unavailable"


class _BadInput(Exception):
    """The command asks for something that cannot be, in words for the person who typed it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except labels.ReadBackFailed as error:
        return _refused(error, CHECK_FAILED)
    except labels.Unavailable as error:
        return _refused(error, UNAVAILABLE)
    except (LabelError, _BadInput) as error:
        return _refused(error, BAD_INPUT)
    return DONE


def _refused(error: Exception, exit_code: int) -> int:
    label = getattr(error, "label", None)
    where = f"label {label}: " if label else ""
    print(f"labels: {where}{error}", file=sys.stderr)
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m labels", epilog=EXIT_HELP)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_render(commands)
    stocks = commands.add_parser("stocks", help="list what labels can be printed on")
    stocks.add_argument("--json", action="store_true", help="one JSON object a line")
    stocks.set_defaults(run=_stocks)
    return parser


def _add_render(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    render = commands.add_parser(
        "render",
        help="render labels",
        description=RENDER_HELP,
        epilog=EXIT_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    render.add_argument("contents", metavar="CONTENTS", help="file of JSON lines; - for input")
    render.add_argument("--stock", required=True, help="see `python -m labels stocks`")
    render.add_argument("--skip", type=int, default=0, help="labels already used on the sheet")
    render.add_argument("--format", choices=("pdf", "png"), default="pdf")
    render.add_argument("--dpi", type=_dpi, default=203, help="dots per inch of PNG and read-back")
    render.add_argument("--title", default="", help="title of the PDF")
    render.add_argument("--no-read-back", dest="read_back", action="store_false")
    render.add_argument("-o", "--output", required=True, help="- for standard output")
    render.set_defaults(run=_render)


def _dpi(text: str) -> float:
    dpi = float(text)
    if not 20 <= dpi <= 1200:
        raise argparse.ArgumentTypeError("between 20 and 1200")
    return dpi


def _render(options: argparse.Namespace) -> None:
    stock = labels.stock(options.stock)
    contents = list(labels.read_contents(io.BytesIO(_input(options.contents))))
    pdf = labels.render_pdf(contents, stock, skip=options.skip, title=options.title)
    if options.read_back:
        labels.read_back(pdf, [content.symbol for content in contents], dpi=options.dpi)
    _write(options.output, pdf if options.format == "pdf" else _pictures(pdf, options))


def _input(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise _BadInput(f"{name}: {error.strerror}") from None


def _pictures(pdf: bytes, options: argparse.Namespace) -> bytes:
    """Give the one picture, or all in a ZIP archive when the output is named so."""
    pictures = list(labels.png_pages(pdf, dpi=options.dpi))
    if options.output.lower().endswith(".zip"):
        return _archive(pictures)
    if len(pictures) > 1:
        raise _BadInput(f"{len(pictures)} pictures do not fit one PNG; name the output *.zip")
    return pictures[0]


def _archive(pictures: Sequence[bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, picture in enumerate(pictures, start=1):
            # ZipInfo's own date is 1980, so the same labels give the same bytes.
            archive.writestr(zipfile.ZipInfo(f"{number:04d}.png"), picture)
    return file.getvalue()


def _write(name: str, data: bytes) -> None:
    """Write the whole file or none: a half-written one would look like labels."""
    if name == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        _replace(Path(name), data)
    except OSError as error:
        raise labels.Unavailable(f"{name}: {error.strerror}") from None


def _replace(path: Path, data: bytes) -> None:
    if path.exists() and not path.is_file():  # a device or a pipe is written, not replaced
        path.write_bytes(data)
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".labels-", delete=False) as file:
        file.write(data)
    os.chmod(file.name, 0o666 & ~_umask())
    os.replace(file.name, path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _stocks(options: argparse.Namespace) -> None:
    for stock in labels.all_stocks().values():
        print(json.dumps(_facts(stock)) if options.json else _line(stock))


def _facts(stock: Stock) -> dict[str, object]:
    return {
        "name": stock.name,
        "kind": stock.kind,
        "width_mm": stock.width_mm,
        "height_mm": stock.height_mm,
        "labels_per_page": stock.labels_per_page,
    }


def _line(stock: Stock) -> str:
    size = f"{stock.width_mm:g} x {stock.height_mm:g} mm"
    return f"{stock.name:<10} {stock.kind:<6} {size:<14} {stock.labels_per_page} a page"


if __name__ == "__main__":
    sys.exit(main())
