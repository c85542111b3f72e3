"""Where orders go: Alpaca paper when keys are set, else the loopback exchange; live only on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from brokerage.paper_exchange.launch import ensure_running
from schemas.errors import ConfigError
from schemas.settings import BrokerSettings, ExchangeSettings

PAPER_HOST = "paper-api.alpaca.markets"
LIVE_HOST = "api.alpaca.markets"
DATA_HOST = "data.alpaca.markets"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost"})
UNDERSTOOD = "I_UNDERSTAND_LIVE"
"""Environment variable that has to hold the number of the live account."""

Venue = Literal["loopback", "paper", "live"]

_TRADING_HOSTS: Mapping[Venue, frozenset[str]] = {
    "loopback": LOOPBACK_HOSTS,
    "paper": frozenset({PAPER_HOST}),
    "live": frozenset({LIVE_HOST}),
}
_KEY_NAMES = (
    ("ALPACA_API_KEY", "ALPACA_SECRET_KEY"),
    ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"),  # the names of Alpaca's older library
)


@dataclass(frozen=True)
class Endpoint:
    """An address for orders and one for prices, with the keys to both.

    Each venue has its one host: none can be made whose orders would go elsewhere than its venue says.
    And none can be pickled: whatever persists a value persists no key.

    Raises:
        ConfigError: If a host is not that of the venue (or Alpaca's data service), if the connection
            would be unencrypted beyond this machine, or if a URL carries more than a host.
    """

    venue: Venue
    trading_url: str
    data_url: str
    key_id: SecretStr
    secret_key: SecretStr
    understood: SecretStr = field(default_factory=lambda: SecretStr(""))
    """What the environment says in ``I_UNDERSTAND_LIVE``."""
    live_cap: Decimal | None = None
    """Greatest value of all orders of one run on a live account (USD)."""

    def __post_init__(self) -> None:
        _check_url("trading_url", self.trading_url, _TRADING_HOSTS[self.venue], self.venue)
        data_hosts = LOOPBACK_HOSTS if self.venue == "loopback" else frozenset({DATA_HOST})
        _check_url("data_url", self.data_url, data_hosts, self.venue)

    def __reduce__(self) -> NoReturn:
        raise ConfigError(
            "An endpoint holds credentials and is never stored",
            remedy="Resolve it with resolve_endpoint() where it is used.",
        )


def resolve_endpoint(
    settings: BrokerSettings, exchange: ExchangeSettings, home: Path, environ: Mapping[str, str]
) -> Endpoint:
    """Decide where orders go and start the loopback exchange when it is needed.

    Args:
        settings: Wanted venue and the URLs. Keys with URLs on this machine mean a loopback exchange that
            somebody else runs.
        exchange: How a loopback exchange behaves when one has to be started.
        home: Folder that holds the exchange's state.
        environ: Environment with the keys: ``ALPACA_API_KEY`` and ``ALPACA_SECRET_KEY``, or the older
            names ``APCA_API_KEY_ID`` and ``APCA_API_SECRET_KEY``; and ``I_UNDERSTAND_LIVE``.

    Raises:
        ConfigError: If one key is there without the other, if Alpaca is wanted without keys, if a URL is
            not one orders may go to, or if live trading is wanted by halves.
    """
    keys = None if settings.venue == "loopback" else _keys(environ)
    if keys is not None:
        return _alpaca(settings, keys, environ.get(UNDERSTOOD, "").strip())
    if settings.venue in {"paper", "live"}:
        raise ConfigError(
            f"{settings.venue.capitalize()} trading needs keys and none are set",
            remedy="Set ALPACA_API_KEY and ALPACA_SECRET_KEY, or choose venue = loopback.",
        )
    address = ensure_running(home, exchange)
    return Endpoint(
        "loopback", address.url, address.url, SecretStr(address.key_id), SecretStr(address.secret_key)
    )


def _alpaca(settings: BrokerSettings, keys: tuple[SecretStr, SecretStr], understood: str) -> Endpoint:
    venue = _venue(settings)
    if venue == "live" and not (understood and settings.live_cap):
        raise ConfigError(
            "Live trading is wanted by halves: nothing was asked of the broker",
            figures={UNDERSTOOD: "set" if understood else "not set", "broker.live_cap": settings.live_cap},
            remedy=f"Set {UNDERSTOOD} to the account's number and broker.live_cap to the most one run may "
            "trade (USD); see docs/safety.md.",
        )
    return Endpoint(
        venue,
        settings.trading_url.rstrip("/"),
        settings.data_url.rstrip("/"),
        *keys,
        SecretStr(understood),
        settings.live_cap,
    )


def _venue(settings: BrokerSettings) -> Venue:
    if settings.venue == "paper" or settings.venue == "live":  # noqa: PLR1714 - narrows the type
        return settings.venue
    return "loopback" if urlsplit(settings.trading_url).hostname in LOOPBACK_HOSTS else "paper"


def _keys(environ: Mapping[str, str]) -> tuple[SecretStr, SecretStr] | None:
    for names in _KEY_NAMES:
        values = [environ.get(name, "").strip() for name in names]
        if all(values):
            return SecretStr(values[0]), SecretStr(values[1])
        if any(values):
            present, missing = names if values[0] else names[::-1]
            raise ConfigError(
                f"{present} is set but {missing} is not",
                remedy=f"Set {missing} as well, or unset {present} to use the loopback exchange.",
            )
    return None


def _check_url(name: str, url: str, hosts: frozenset[str], venue: Venue) -> None:
    parts = urlsplit(url)
    if parts.hostname not in hosts:
        raise ConfigError(
            f"{name} points to a host that orders and keys may not go to when the venue is {venue}",
            figures={"host": parts.hostname, "allowed": ", ".join(sorted(hosts))},
            remedy=f"Remove {name} from the configuration to use the default"
            f"{f', or set it to https://{LIVE_HOST}' if venue == 'live' else ''}.",
        )
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
    if not encrypted or not _is_bare(parts):
        raise ConfigError(
            f"{name} must be https:// and a host, nothing more (http:// and a port on this machine only)",
            figures={"scheme": parts.scheme, "host": parts.hostname},
            remedy=f"Remove {name} from the configuration to use the default.",
        )


def _is_bare(parts: SplitResult) -> bool:
    port_is_fine = parts.port is None or parts.hostname in LOOPBACK_HOSTS
    extras = parts.path or parts.query or parts.fragment or parts.username or parts.password
    return port_is_fine and not extras
