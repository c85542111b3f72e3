"""Where the Prefect server of a state folder is, while ``riskparity serve`` runs: others find it instead of starting one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from schemas.errors import GuardRefusal
from warehouse import files


class Served(NamedTuple):
    """What ``riskparity serve`` wrote down of itself."""

    api: str
    """URL for ``PREFECT_API_URL``."""
    began: Mapping[str, float]
    """When its processes began (seconds since 1970) by their id, which the system gives to others later."""


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Serve the state folder, and nobody else does; the system lets go when the process dies, however it dies.

    Raises:
        GuardRefusal: Another process serves it.
    """
    home.mkdir(parents=True, exist_ok=True)
    lock = _lock(home)
    try:
        lock.acquire()
    except Timeout:
        served = last_served(home)
        raise GuardRefusal(
            "Another `riskparity serve` is at work in this state folder; nothing was started",
            figures={"its server": served.api if served else "about to start", "state folder": home},
            remedy="Use that one, or end it with Ctrl-C where it runs.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def served_api(home: Path) -> str | None:
    """URL of the server that ``riskparity serve`` keeps for the state folder; None when nobody serves it."""
    lock = _lock(home)
    try:
        lock.acquire()
    except Timeout:
        served = last_served(home)
        return served.api if served else None
    except OSError:
        return None
    lock.release()
    return None


def last_served(home: Path) -> Served | None:
    """What the last one wrote down, whether it still runs or not."""
    record = _record(home)
    return Served(**json.loads(record.read_text())) if record.exists() else None


def write_down(home: Path, served: Served) -> None:
    """Note it for those who look for it, and for the next one, which ends what was left behind."""
    files.replace(_record(home), json.dumps(served._asdict(), indent=2).encode())


def forget(home: Path) -> None:
    """It is over, and nothing was left behind."""
    _record(home).unlink(missing_ok=True)


def _record(home: Path) -> Path:
    return home / "serve.json"


def _lock(home: Path) -> FileLock:
    return FileLock(home / ".serve.lock", timeout=0)
