"""An exchange on demand: found when it runs, started when it does not, owned by nobody."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock

from brokerage.paper_exchange.address import ExchangeAddress, read_address, read_credentials
from brokerage.paper_exchange.control import ExchangeControl
from schemas.errors import ConfigError, TemporaryError
from schemas.settings import ExchangeSettings

_ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0


def ensure_running(home: Path, settings: ExchangeSettings, *, bars: Path | None = None) -> ExchangeAddress:
    """The address of the exchange of ``home``, started first when it does not answer.

    One that answers is the exchange of this home, whatever it was opened with. Processes that race for it get
    the same one. It runs in a session of its own, writes to
    ``home/exchange.log`` and ends itself after ``settings.idle_exit_seconds`` without a request.

    Args:
        home: Folder of its state; made when missing, a new exchange starts clean in an empty one.
        settings: For one that has to be started; its cash, its seed and, if there is one, its start must be
            those the exchange was opened with.
        bars: Parquet or CSV of daily bars for a new exchange; left out, the bundled closes. An old one goes on
            with those it has.

    Raises:
        ConfigError: The exchange of this home was opened with other settings, or cannot start.
        TemporaryError: It did not answer within a minute.
    """
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "exchange.lock"):
        address = read_address(home)
        if address is not None and ExchangeControl(address).answers():
            return address
        read_credentials(home)
        return _start(home, settings, bars)


def _start(home: Path, settings: ExchangeSettings, bars: Path | None) -> ExchangeAddress:
    command = [sys.executable, "-m", "brokerage.paper_exchange", "--home", str(home.absolute())]
    command += ["--settings", settings.model_dump_json(), "--idle-exit", str(settings.idle_exit_seconds)]
    command += ["--bars", str(bars.absolute())] if bars else []
    log_path = home / "exchange.log"
    begin = log_path.stat().st_size if log_path.exists() else 0
    with log_path.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        address = read_address(home)
        if address and address.pid == process.pid and ExchangeControl(address).answers():
            return address
        if process.poll() is not None:
            raise ConfigError(
                "The loopback exchange ended while starting",
                figures={"exit code": process.returncode, "it said": log_path.read_bytes()[begin:].decode()},
                remedy=f"Mend what it says; the full log is {log_path.name} in its home.",
            )
        time.sleep(0.02)
    raise TemporaryError(
        "The loopback exchange does not answer",
        figures={"waited": f"{_PATIENCE:.0f} s", "pid": process.pid},
        remedy=f"Look at {log_path.name} in its home, then run the command again.",
    )
