"""The shell commands that run a backtest or a sweep again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from schemas.backtest_parameters import BacktestParameters
from schemas.sweep_parameters import SweepParameters

_DEFAULTS = SweepParameters()


def command(parameters: BacktestParameters, verb: str = "backtest") -> str:
    """The shell command that runs the same again: what differs from the defaults is named."""
    given, plain = parameters.model_dump(mode="json"), type(parameters)().model_dump(mode="json")
    name = given["strategy"]["name"]
    plain["strategy"] = type(parameters.strategy)().model_dump(mode="json")
    words = [
        f"--set {shlex.quote(f'{key}={_toml(value)}')}"
        for key, value in _differences(given, plain)
        if key != "name" and value is not None
    ]
    return " ".join(["riskparity", verb, name, *words])


def sweep_command(parameters: SweepParameters) -> str:
    """The shell command that runs the same sweep again: what differs from the defaults is named."""
    words = [command(parameters.backtest).replace("riskparity backtest", "riskparity sweep", 1)]
    axes = parameters.axes.varied
    named = [strategy.name for strategy in parameters.axes.strategies]
    tried: dict[str, Iterable[object]] = {"strategy": named} if named else {}
    tried |= {name: values for name, values in axes.items() if name != "strategies"}
    words += [f"--set {shlex.quote(f'{name}={_listed(values)}')}" for name, values in tried.items()]
    words += ["--leave-one-out"] if parameters.leave_one_out else []
    for flag in ("subsets", "subset_size", "random", "seed"):
        value = getattr(parameters, flag)
        if value != getattr(_DEFAULTS, flag):
            words.append(f"--{flag.replace('_', '-')} {value}")
    return " ".join(words)


def _differences(
    given: dict[str, object], plain: dict[str, object], at: str = ""
) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in given.items():
        default = plain.get(key)
        if isinstance(value, dict) and isinstance(default, dict):
            rows += _differences(value, default, "" if key == "strategy" else f"{at}{key}.")
        elif value != default:
            rows.append((f"{at}{key}", value))
    return rows


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{key}={_toml(inner)}" for key, inner in value.items() if inner is not None)
            + "}"
        )
    return f'"{value}"' if isinstance(value, str) else str(value)


def _listed(values: Iterable[object]) -> str:
    return ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
