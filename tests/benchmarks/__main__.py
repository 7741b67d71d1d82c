"""Run the benchmarks and print their table: `python -m tests.benchmarks [--json FILE]`."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks import (
    batches,
    browsing,
    decoding,
    deployment,
    importing,
    label_sheets,
    reconciling,
    single_scans,
    together,
)
from tests.benchmarks.table import Row, conditions, printed

Benchmark = Callable[[deployment.Deployment, Path], Iterator[Row]]
BENCHMARKS: dict[str, Benchmark] = {
    "scans": single_scans.measure,
    "batches": batches.measure,
    "together": together.measure,
    "pages": browsing.measure,
    "labels": label_sheets.measure,
    "decode": decoding.measure,
    "reconcile": reconciling.measure,
    "import": importing.measure,
}


def main() -> None:
    """Measure what was asked for and print rows, then conditions."""
    asked = _arguments()
    begun, before = time.monotonic(), conditions()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="tallycard-bench-") as made:
        folder = Path(made)
        built = deployment.school(folder / "template")
        for name in asked.only or BENCHMARKS:
            print(f"{name} …", file=sys.stderr, flush=True)
            rows += BENCHMARKS[name](built, folder)
    told = before | {"load average at the end": conditions()["load average"],
                     "took": f"{time.monotonic() - begun:.0f} s"}  # fmt: skip
    print(printed(rows))
    print()
    print("\n".join(f"{name}: {value}" for name, value in told.items()))
    if asked.json:
        document = {"conditions": told, "rows": [asdict(row) for row in rows]}
        asked.json.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME",
                        help=f"one of {', '.join(BENCHMARKS)}; may be given again")  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    main()
