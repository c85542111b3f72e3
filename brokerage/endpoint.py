"""Where orders go: Alpaca paper when keys are set, else the loopback exchange, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from brokerage.paper_exchange.launch import ensure_running
from schemas.errors import ConfigError
from schemas.settings import BrokerSettings, ExchangeSettings

PAPER_HOST = "paper-api.alpaca.markets"
DATA_HOST = "data.alpaca.markets"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost"})

_KEY_NAMES = (
    ("ALPACA_API_KEY", "ALPACA_SECRET_KEY"),
    ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"),  # the names of Alpaca's older library
)


@dataclass(frozen=True)
class Endpoint:
    """An address for orders and one for prices, with the keys to both.

    None can be made that points at live trading, and none can be pickled: whatever persists a value
    persists no key.

    Raises:
        ConfigError: If a host is neither Alpaca paper (or its data service) nor this machine, if the
            connection would be unencrypted beyond this machine, or if a URL carries more than a host.
    """

    venue: Literal["loopback", "paper"]
    trading_url: str
    data_url: str
    key_id: SecretStr
    secret_key: SecretStr

    def __post_init__(self) -> None:
        alpaca = self.venue == "paper"
        _check_url("trading_url", self.trading_url, {PAPER_HOST} if alpaca else set())
        _check_url("data_url", self.data_url, {DATA_HOST} if alpaca else set())

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
        settings: Wanted venue and the paper URLs.
        exchange: How a loopback exchange behaves when one has to be started.
        home: Folder that holds the exchange's state.
        environ: Environment with the keys: ``ALPACA_API_KEY`` and ``ALPACA_SECRET_KEY``, or the older
            names ``APCA_API_KEY_ID`` and ``APCA_API_SECRET_KEY``.

    Raises:
        ConfigError: If one key is there without the other, if paper is wanted without keys, or if a URL
            is not one orders may go to.
    """
    keys = None if settings.venue == "loopback" else _keys(environ)
    if keys is not None:
        return Endpoint(
            "paper", settings.trading_url.rstrip("/"), settings.data_url.rstrip("/"), keys[0], keys[1]
        )
    if settings.venue == "paper":
        raise ConfigError(
            "Paper trading needs keys and none are set",
            remedy="Set ALPACA_API_KEY and ALPACA_SECRET_KEY, or choose venue = loopback.",
        )
    address = ensure_running(home, exchange)
    return Endpoint(
        "loopback", address.url, address.url, SecretStr(address.key_id), SecretStr(address.secret_key)
    )


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


def _check_url(name: str, url: str, alpaca_hosts: set[str]) -> None:
    parts = urlsplit(url)
    if parts.hostname not in alpaca_hosts | LOOPBACK_HOSTS:
        raise ConfigError(
            f"{name} points to a host that orders and keys may not go to: live trading is not available",
            figures={"host": parts.hostname, "allowed": ", ".join(sorted(alpaca_hosts | LOOPBACK_HOSTS))},
            remedy=f"Remove {name} from the configuration to use the default.",
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
