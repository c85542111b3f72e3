"""Prefect for a run from the command line: its state in our folder, its talk on our terminal."""

from __future__ import annotations

import importlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.served import served_api
from schemas.errors import TemporaryError

DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # as in prefect.toml, which is read in the project's folder alone
    # tracebacks are told by flows/failures.py; the run's page keeps every line
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}

BROKER = "brokerage"
"""The logger that says when the broker keeps us waiting."""

NO_SERVER = ("Failed to reach API", "Timed out while attempting to connect to ephemeral")
"""How Prefect begins to say that there is no server."""


@contextmanager
def prefect_session(
    home: Path, told: Callable[[logging.LogRecord], None], waiting: Callable[[str], None]
) -> Iterator[None]:
    """Prepare Prefect before its first import, and hear what tasks say while flows run.

    Runs go to the server that ``PREFECT_API_URL`` names, else to that of ``riskparity serve`` in this state folder; when
    there is neither, Prefect starts one for the moment, with its database in the state folder.
    """
    if served := served_api(home):
        os.environ.setdefault("PREFECT_API_URL", served)
    if "PREFECT_API_URL" not in os.environ:
        waiting("Starting Prefect for this command (`riskparity serve` keeps one running) ...")
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("PREFECT_HOME", str(home / "prefect"))
    Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
    # sets up logging once, and would drop a listener added before
    importlib.import_module("prefect.main")
    listener = _Listener(told)
    loggers = [logging.getLogger(name) for name in ("prefect.task_runs", BROKER)]
    for logger in loggers:
        logger.addHandler(listener)
    try:
        yield
    except RuntimeError as error:
        if not str(error).startswith(NO_SERVER):
            raise
        raise _no_server(str(error)) from None
    finally:
        for logger in loggers:
            logger.removeHandler(listener)


def _no_server(said: str) -> TemporaryError:
    return TemporaryError(
        "The Prefect server does not answer; nothing was sent",
        figures={"Prefect says": said},
        remedy="Start the server PREFECT_API_URL names, or unset it: a server is then started for the command.",
    )


class _Listener(logging.Handler):
    def __init__(self, told: Callable[[logging.LogRecord], None]) -> None:
        super().__init__(logging.INFO)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == BROKER or hasattr(record, "written"):  # a stage's own line, not Prefect's
            self._told(record)
