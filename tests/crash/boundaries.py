"""Where a process can die: before each write, each call to the broker, and after each of its answers.

Nothing of this is in the product: Python itself tells of files and connections, SQLite of its statements.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

_CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Boundary(NamedTuple):
    """One place to die: the ``nth`` time (from 1) that ``what`` is about to happen, or has been answered."""

    what: str
    nth: int


class Boundaries:
    """Notes every boundary the process passes and kills it at the one it shall not pass."""

    def __init__(self, home: Path, end: Boundary | None = None) -> None:
        self.passed: list[Boundary] = []
        self._home, self._end = str(home), end
        self._seen: Counter[str] = Counter()
        self._calls: dict[http.client.HTTPConnection, str] = {}

    def watch(self) -> None:
        """From here on, for the life of the process."""
        sync, answered, opened = os.fsync, http.client.HTTPConnection.getresponse, sqlite3.connect

        def fsync(descriptor: int) -> None:
            self._meet("fsync")
            sync(descriptor)

        def getresponse(connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
            response = answered(connection)
            self._meet(f"answered {self._calls[connection]}")
            return response

        def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
            database = opened(*arguments, **options)
            database.set_trace_callback(lambda statement: self._meet(f"sql {_kind(statement)}"))
            return database

        os.fsync, http.client.HTTPConnection.getresponse, sqlite3.connect = fsync, getresponse, connect
        sys.addaudithook(self._told)

    def _meet(self, what: str) -> None:
        self._seen[what] += 1
        boundary = Boundary(what, self._seen[what])
        self.passed.append(boundary)
        if boundary == self._end:
            os.kill(os.getpid(), signal.SIGKILL)

    def _told(self, event: str, arguments: tuple) -> None:
        """What Python is about to do (PEP 578)."""
        if event == "open" and arguments[2] & _WRITING and self._ours(arguments[0]):
            self._meet(f"open {self._named(arguments[0])}")
        elif event in _CHANGES and self._ours(arguments[0]):
            self._meet(
                f"{event} {self._named(arguments[1] if event in ('os.rename', 'os.link') else arguments[0])}"
            )
        elif event == "http.client.send":
            self._send(*arguments)

    def _follow(self, database: sqlite3.Connection) -> None:
        database.set_trace_callback(
            lambda statement: self._meet(f"sql {statement.split('(')[0].strip()[:60]}")
        )

    def _send(self, connection: http.client.HTTPConnection, data: bytes) -> None:
        head = re.match(rb"([A-Z]+ [^ ?]+)[^ ]* HTTP/1\.[01]\r\n", data)
        if head:
            self._calls[connection] = head[1].decode()
        self._meet(f"{'send' if head else 'send body of'} {self._calls[connection]}")

    def _ours(self, path: object) -> bool:
        return isinstance(path, (str, Path)) and str(path).startswith(self._home)

    def _named(self, path: object) -> str:
        """Below the state folder, and without what is drawn at random."""
        return re.sub(r"[0-9a-f]{32}", "*", str(path).removeprefix(self._home).lstrip("/"))


def _kind(statement: str) -> str:
    """An SQL statement without its values."""
    return re.split(r" SET | WHERE |\(", statement)[0].strip()
