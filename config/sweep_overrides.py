"""A sweep from flags: ``--set lookback=126,189,252 --set drift_threshold=0:0.02:0.005 --set max_turnover=1``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from config.overrides import override
from config.settings import Settings, invalid
from schemas.errors import ConfigError
from schemas.sweep_parameters import Axes, SweepParameters

_IN_FULL = {
    "drift_threshold": "rules.drift_threshold",
    "weekday": "rules.weekday",
    "spike_threshold": "cleaning.spike_threshold",
    "cost_bps": "costs.slippage_bps",
}
"""Axes that a backtest knows under a longer name."""
_SHORT = {full: short for short, full in _IN_FULL.items()}
_ROUNDING = 1e-9


def sweep_parameters(
    settings: Settings, strategy: str, items: Iterable[str], **design: Any
) -> SweepParameters:
    """What a sweep of a strategy is told: one value of a parameter holds for all points, several are an axis.

    Values are separated by commas; ``first:last:step`` is a range with both ends. Strategies, ``strategy=a,b``, come with
    their configured parameters.

    Args:
        settings: The configuration.
        strategy: What the sweep is about.
        items: ``key=value`` or ``key=value,value,...``.
        **design: Other fields of ``SweepParameters``.

    Raises:
        ConfigError: A key or value is wrong, or a range is none.
    """
    single, several = [], {}
    for item in items:
        key, equals, text = item.partition("=")
        name = _SHORT.get(key.strip(), key.strip())
        if equals and (name == "strategy" or (name in Axes.model_fields and ("," in text or ":" in text))):
            several[name] = [value for part in text.split(",") for value in _values(part.strip())]
        else:
            several.pop(name, None)  # of the same key, the last word counts
            single.append(f"{_IN_FULL.get(name, name)}={text}" if equals else item)
            single += ["costs.commission_bps=0"] if name == "cost_bps" else []
    strategies = [settings.strategy(name).model_dump() for name in several.pop("strategy", [])]
    try:
        return SweepParameters.model_validate(
            {
                "backtest": override(settings.backtest(strategy), single),
                "axes": {"strategies": strategies, **several},
                **design,
            }
        )
    except ValidationError as error:
        raise invalid(error, "--set and the flags of the design") from None


def _values(text: str) -> list[Any]:
    """One value as it stands, or those of a range."""
    if ":" not in text:
        return [text]
    try:
        first, last, step = map(float, text.split(":"))
    except ValueError:
        first, last, step = 0.0, 0.0, 0.0
    if step <= 0 or last < first:
        raise ConfigError(
            f"'{text}' is no range",
            remedy="A range is first:last:step, for example --set lookback=63:252:21",
        )
    return [round(first + k * step, 12) for k in range(int((last - first) / step + 1 + _ROUNDING))]
