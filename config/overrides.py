"""Flags over the configuration: ``--set lookback=126 --set guard.max_turnover=0.2``."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError

from config.settings import invalid
from schemas.errors import ConfigError
from schemas.forms import Parameters

P = TypeVar("P", bound=Parameters)

NOT_HERE = frozenset({"name", "dry_run", "force", "reason", "approved", "approved_sha256"})
"""Said by the command itself: the strategy's name, the action, the plan, and --force with --reason."""


def override(parameters: P, items: Iterable[str]) -> P:
    """Lay ``key=value`` items over ``parameters``.

    A key is a strategy's parameter (``lookback``), a section's (``guard.max_turnover``) or stands by itself (``universe``).

    Raises:
        ConfigError: An item is not ``key=value``, or its key or value is wrong.
    """
    values = parameters.model_dump(mode="json")
    for item in items:
        key, equals, text = item.partition("=")
        if not equals:
            raise ConfigError(f"'{item}' is not key=value", remedy="Example: --set lookback=126")
        _place(values, key.strip(), _literal(text.strip()))
    try:
        return type(parameters).model_validate(values)
    except ValidationError as error:
        raise invalid(error, "--set") from None


def _place(values: dict[str, Any], key: str, value: object) -> None:
    section, dot, name = key.rpartition(".")
    place = values[section] if dot and isinstance(values.get(section), dict) else values
    if not dot and key in values["strategy"]:
        place = values["strategy"]
    if name not in place or isinstance(place[name], dict) or key in NOT_HERE:
        raise _unknown(key, values)
    place[name] = value


def _unknown(key: str, values: dict[str, Any]) -> ConfigError:
    sections = {
        name: section for name, section in values.items() if isinstance(section, dict) and name != "strategy"
    }
    known = [
        *values["strategy"],
        *(f"{name}.{field}" for name, section in sections.items() for field in section),
    ]
    known += [name for name, value in values.items() if not isinstance(value, dict) and name not in NOT_HERE]
    near = difflib.get_close_matches(key, known, n=1)
    return ConfigError(
        f"There is no parameter '{key}'",
        remedy=f"{f'Did you mean {near[0]!r}? ' if near else ''}`riskparity strategies` and `riskparity config` list all.",
    )


def _literal(text: str) -> object:
    """The TOML value that ``text`` spells, else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
