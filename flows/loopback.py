"""Commands on the loopback exchange: run it, look at it, move its virtual clock."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from pathlib import Path

from brokerage.calendar import NEW_YORK
from brokerage.endpoint import resolve_endpoint
from brokerage.kill_switch import KillSwitch
from brokerage.paper_exchange.control import ExchangeControl
from brokerage.paper_exchange.launch import ensure_running
from brokerage.paper_exchange.server import serve
from config import load_settings
from config.settings import home, secrets
from flows import screens
from schemas.errors import ConfigError
from schemas.identity import IsoWeek


def serve_in_foreground(
    port: int | None, bars: Path | None, start: dt.date | None, requests_per_minute: int | None
) -> int:
    """Serve until interrupted."""
    flags = {"start": start, "requests_per_minute": requests_per_minute}
    given = {name: value for name, value in flags.items() if value is not None}
    settings = load_settings().exchange.model_copy(update=given)
    screens.talk(
        "The loopback exchange runs in the foreground; Ctrl-C ends it. Its time stands still until, in another "
        "terminal, `riskparity exchange advance` moves it. Its log follows."
    )
    with contextlib.suppress(KeyboardInterrupt):
        serve(home(), settings, bars=bars, port=port or 0)
    return 0


def status(*, as_json: bool) -> int:
    """Virtual time, account and address."""
    control = _control()
    state = {"url": control.address.url, **control.state()}
    if as_json:
        screens.answer(json.dumps(state, indent=2, default=str))
    else:
        screens.halted(KillSwitch(home()).state())
        screens.key_values("Loopback exchange", state)
    return 0


def advance(to: str) -> int:
    """Move the virtual clock and say where it stands."""
    clock = _control().advance(to)
    screens.key_values("Exchange clock", clock)
    return 0


def exchange_week() -> IsoWeek:
    """The ISO week of the exchange's virtual clock.

    Raises:
        ConfigError: Orders go to Alpaca, whose clock nobody moves.
    """
    return IsoWeek.of(_now().date())


def advance_to_next_week(*, quiet: bool = False) -> None:
    """To 10:00 New York on the first session of the next ISO week."""
    _control().advance("next_week")
    if not quiet:
        screens.talk(f"\nThe exchange's clock moves on to {_now():%a %Y-%m-%d %H:%M} New York.")


def _now() -> dt.datetime:
    return dt.datetime.fromisoformat(_control().state()["timestamp"]).astimezone(NEW_YORK)


def _control() -> ExchangeControl:
    settings = load_settings()
    if resolve_endpoint(settings.broker, settings.exchange, home(), secrets()).venue != "loopback":
        raise ConfigError(
            "Only the loopback exchange's clock can be moved or looked at, and keys for Alpaca are set",
            remedy="Unset ALPACA_API_KEY and ALPACA_SECRET_KEY, or set RISKPARITY__BROKER__VENUE=loopback.",
        )
    return ExchangeControl(ensure_running(home(), settings.exchange))
