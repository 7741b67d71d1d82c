"""The way into a mount namespace, where a disk can be small or read-only for one process."""

import shutil
import subprocess

import pytest


def namespace() -> tuple[str, ...]:
    """The way into a mount namespace of our own; as root, or as root of a user's namespace."""
    for way in (("unshare", "--mount"), ("unshare", "--mount", "--user", "--map-root-user")):
        probe = [*way, "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"]
        if shutil.which("unshare") and not subprocess.run(probe, capture_output=True).returncode:
            return way
    pytest.skip("this computer lets nobody make a mount namespace")
