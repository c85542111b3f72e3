"""Where an exchange is and the keys to it; kept in ``exchange.json``, readable by its owner alone."""

from __future__ import annotations

import json
import os
import secrets
import string
from dataclasses import asdict, dataclass, field
from pathlib import Path

_FILE = "exchange.json"
_ALPHABET = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys of one home, drawn once and kept over restarts."""

    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    admin_token: str = field(repr=False)

    @classmethod
    def draw(cls) -> Credentials:
        """New keys from the operating system's randomness, in Alpaca's shape."""
        key_id = "PK" + "".join(secrets.choice(_ALPHABET) for _ in range(18))
        return cls(key_id=key_id, secret_key=secrets.token_urlsafe(30), admin_token=secrets.token_urlsafe(30))


@dataclass(frozen=True, slots=True)
class ExchangeAddress(Credentials):
    """A running exchange: base URL of trading and data alike, its keys, its process."""

    url: str
    pid: int


def read_credentials(home: Path) -> Credentials:
    """The keys of ``home``; drawn and stored when there are none."""
    stored = _read(home)
    names = ("key_id", "secret_key", "admin_token")
    if all(name in stored for name in names):
        return Credentials(**{name: str(stored[name]) for name in names})
    credentials = Credentials.draw()
    _write(home, asdict(credentials))
    return credentials


def read_address(home: Path) -> ExchangeAddress | None:
    """The last address published in ``home``; whether it still answers is another question."""
    stored = _read(home)
    return ExchangeAddress(**stored) if "url" in stored else None  # type: ignore[arg-type]


def publish(home: Path, credentials: Credentials, url: str) -> ExchangeAddress:
    """Record that this process serves ``home`` at ``url``."""
    address = ExchangeAddress(**asdict(credentials), url=url, pid=os.getpid())
    _write(home, asdict(address))
    return address


def _read(home: Path) -> dict[str, object]:
    try:
        return dict(json.loads((home / _FILE).read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def _write(home: Path, content: dict[str, object]) -> None:
    draft = home / f"{_FILE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
    draft.replace(home / _FILE)
