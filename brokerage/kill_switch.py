"""The kill switch: a durable word in the state folder that no order gets past."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import NamedTuple

from schemas.errors import GuardRefusal

UNREADABLE = "the kill switch's file is empty or cannot be read, which counts as a halt"


class Halt(NamedTuple):
    """Why trading stands still, who said so, and since when (UTC)."""

    reason: str
    by: str
    since: str


class KillSwitch:
    """Trading on or off, for every process that uses this state folder.

    The file ``halts.jsonl`` is only ever added to, so it also tells every halt and release so far. The
    last line decides, and whatever is not plainly a release counts as a halt: a line cut off by a crash,
    a file without content or permission, a full disk's leftovers.

    Args:
        home: The state folder.
    """

    def __init__(self, home: Path) -> None:
        self._file = home / "halts.jsonl"

    def require_off(self) -> None:
        """Refuse to go on while trading is halted.

        Raises:
            GuardRefusal: With who halted it, why and since when.
        """
        halt = self.state()
        if halt is not None:
            raise GuardRefusal(
                "Trading is halted; nothing more was sent",
                figures=halt._asdict(),
                remedy="When the reason is settled: riskparity unhalt",
            )

    def engage(self, reason: str, by: str) -> None:
        """Halt trading; a halt on top of another is noted as well.

        Raises:
            OSError: If it cannot be written down durably; do not rely on it then.
        """
        self._note({"halted": True, "reason": reason, "by": by})

    def release(self, reason: str = "", by: str = "operator") -> None:
        """Let trading go on.

        Raises:
            OSError: If it cannot be written down; trading stays halted.
        """
        self._note({"halted": False, "reason": reason, "by": by})

    def state(self) -> Halt | None:
        """The halt in force; none when trading is free."""
        try:
            content = self._file.read_bytes().strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            return Halt(f"{UNREADABLE}: {error.strerror}", "file system", "unknown")
        return _meant(content)

    def last_release(self) -> dt.datetime | None:
        """When somebody last let trading go on: what happened before counts as settled; none if never."""
        try:
            lines = self._file.read_bytes().splitlines()
        except OSError:
            return None
        released = [at for line in lines if (at := _released_at(line)) is not None]
        return released[-1] if released else None

    def _note(self, event: dict[str, object]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        stamped = event | {"at": dt.datetime.now(dt.UTC).isoformat()}
        with self._file.open("ab") as file:
            # the leading line break keeps a line cut off by a crash from swallowing this one
            file.write(f"\n{json.dumps(stamped)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        _sync_directory(self._file.parent)


def _meant(content: bytes) -> Halt | None:
    try:
        last = json.loads(content.splitlines()[-1])
        if last["halted"] is False:
            return None
        return Halt(str(last["reason"]), str(last["by"]), str(last["at"]))
    except (ValueError, TypeError, LookupError):
        return Halt(UNREADABLE, "file system", "unknown")


def _released_at(line: bytes) -> dt.datetime | None:
    try:
        event = json.loads(line)
        return dt.datetime.fromisoformat(event["at"]) if event["halted"] is False else None
    except (ValueError, TypeError, KeyError):
        return None


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
