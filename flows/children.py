"""Processes that are kept alive: begun, begun again when they end, and ended with everything they started."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path

import psutil

LOG_BYTES, LOGS_KEPT = 5_000_000, 3
"""Greatest size of one log file, and how many older ones are kept beside it."""
PATIENCE = 15.0
"""Seconds a process has to end by itself before it is killed."""
DOUBLINGS = 6
"""Pauses before it is begun again double so often: the longest is 63 seconds."""
LONG_LIVED = 120.0
"""Seconds after which a process that ends had been well: the next one is begun at once again."""


@dataclass(eq=False)
class Child:
    """One process that should always be there.

    It leads a session of its own, so that a Ctrl-C at the terminal reaches it only through ``stop``, in the right order.

    Args:
        name: What a person calls it.
        command: How it is started.
        environment: All of it.
        folder: Where it works.
        log: File for what it says; bounded, older parts beside it.
        tell: Hears, in one line each, that it ended and was begun again.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    tell: Callable[[str], None]
    process: subprocess.Popen[str] | None = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)

    def start(self) -> None:
        """Begin it."""
        self._since = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - a command of ours, no shell
            self.command,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=_keep, args=(self.process, self.log), daemon=True).start()

    @property
    def ended(self) -> bool:
        """Whether it has to be begun again."""
        return self.process is not None and self.process.poll() is not None

    def revive(self) -> bool:
        """Begin it again when it has ended: at once, then after pauses that double up to about a minute.

        Returns:
            Whether it was begun again.
        """
        lived = time.monotonic() - self._since
        if self.process is None or not self.ended or lived < 2.0 ** min(self._failures, DOUBLINGS) - 1:
            return False
        self._failures = 0 if lived > LONG_LIVED else self._failures + 1
        self.tell(
            f"The {self.name} ended with {_how(self.process.returncode)}; it is begun again. Its log: {self.log}"
        )
        self.start()
        return True

    def stop(self) -> None:
        """End it and whatever it started: asked first, killed when it takes too long."""
        if self.process is None:
            return
        end_tree(self.process.pid)
        self.process.wait()


def end_tree(pid: int) -> None:
    """Interrupt a process, and end what is left of it and of all it started, in whatever session."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    root.send_signal(signal.SIGINT)  # Prefect's worker knows no better word for the end
    _, alive = psutil.wait_procs([root], timeout=PATIENCE)
    alive = [process for process in (*alive, *family[1:]) if process.is_running()]
    for process in alive:
        _quietly(process.terminate)
    _, alive = psutil.wait_procs(alive, timeout=PATIENCE / 3)
    for process in alive:
        _quietly(process.kill)
    psutil.wait_procs(alive, timeout=PATIENCE / 3)


def _quietly(end: Callable[[], None]) -> None:
    try:
        end()
    except psutil.NoSuchProcess:
        return


def _keep(process: subprocess.Popen[str], log: Path) -> None:
    """Copy what a process says to its log until it ends: a pipe that nobody empties would stop it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(log, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT, encoding="utf-8")
    for line in process.stdout or ():
        handler.emit(logging.makeLogRecord({"msg": line.rstrip("\n")}))
    handler.close()


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
