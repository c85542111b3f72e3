"""One run at a time in one state folder, across processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from schemas.errors import GuardRefusal


@contextmanager
def single_flight(root: Path) -> Iterator[None]:
    """Hold the state folder for one run; the system releases it when the process dies, however it dies.

    Raises:
        GuardRefusal: Another run holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / ".run.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise GuardRefusal(
            "Another run is under way in this state folder; nothing was sent",
            remedy="Wait for it to finish: `riskparity run STRATEGY status` shows where it stands.",
        ) from None
    try:
        yield
    finally:
        lock.release()
