"""Fetch the files that we did not write, at their pinned versions, and check their sums.

make vendor        fetch again what VENDORED.toml names
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (ROOT / "inventory/static/vendor/htmx", ROOT / "labels/fonts")


def main() -> int:
    """Return 0 when every file is what its sum says."""
    wrong = [name for folder in FOLDERS for name in _fetch(folder)]
    for name in wrong:
        sys.stderr.write(f"{name} is not what VENDORED.toml says\n")
    return 1 if wrong else 0


def _fetch(folder: Path) -> list[str]:
    wrong = []
    table = tomllib.loads((folder / "VENDORED.toml").read_text(encoding="utf-8"))
    for one in table["file"]:
        content = _from_package(one["package"], one["package_version"], one["path"])
        if hashlib.sha256(content).hexdigest() != one["sha256"]:
            wrong.append(one["file"])
            continue
        (folder / one["file"]).write_bytes(content)
    return wrong


def _from_package(package: str, version: str, path: str) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        packed = subprocess.run(
            ["npm", "pack", "--silent", f"{package}@{version}"],
            cwd=scratch, check=True, capture_output=True, text=True,
        )  # fmt: skip
        archive = Path(scratch) / packed.stdout.strip().splitlines()[-1]
        with tarfile.open(archive) as tar:
            member = tar.extractfile(f"package/{path}")
            assert member is not None
            return member.read()


if __name__ == "__main__":
    sys.exit(main())
