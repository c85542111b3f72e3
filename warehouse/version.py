"""Which code wrote an artifact."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOMS = ("brokerage", "portfolio", "schemas", "strategies", "tasks", "warehouse")
"""What an artifact holds follows from the code of these, given its inputs; flows only say what comes after what."""


def code_version() -> str:
    """Version of this project as installed, and a digest of its code: ``0.1.0+3f2a9c1d0b7e``.

    Whatever changes a figure changes it, also a helper far from the task that calls it, committed or not.
    """
    return f"{version('riskparity')}+{code_digest(Path(__file__).parents[1])[:12]}"


@cache
def code_digest(root: Path) -> str:
    """SHA-256 of every module of the rooms below ``root``, by name and content; read once in a process."""
    digest = hashlib.sha256()
    for path in sorted(path for room in ROOMS for path in (root / room).rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
