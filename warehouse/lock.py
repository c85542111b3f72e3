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
    refusal = GuardRefusal(
        "Another run is under way in this state folder; nothing was sent",
        remedy="Wait for it to finish: `riskparity run STRATEGY status` shows where it stands.",
    )
    with _held(root, ".run.lock", refusal):
        yield


@contextmanager
def housekeeping(root: Path) -> Iterator[None]:
    """Hold the state folder for compaction, retention or a backup; runs go on meanwhile.

    Raises:
        GuardRefusal: Another one of these is at work.
    """
    refusal = GuardRefusal(
        "Another `riskparity warehouse` command is at work in this state folder; nothing was changed",
        remedy="Wait for it to finish, then try again.",
    )
    with _held(root, ".housekeeping.lock", refusal):
        yield


@contextmanager
def _held(root: Path, name: str, refusal: GuardRefusal) -> Iterator[None]:
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / name, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise refusal from None
    try:
        yield
    finally:
        lock.release()
