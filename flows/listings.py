"""Commands that list: strategies, configuration, and the answers of the warehouse."""

from __future__ import annotations

import json
from typing import Any

from config import load_settings
from config.settings import home, origins, secrets
from flows import screens
from strategies.registry import registered
from warehouse.query import query

SECRET_NAMES = ("ALPACA_API_KEY", "ALPACA_SECRET_KEY", "NOTIFY_WEBHOOK_URL", "NOTIFY_EMAIL_URL")


def strategies(*, as_json: bool) -> int:
    """Every registered strategy with its parameters."""
    schemas = {name: kind.parameters_type.model_json_schema() for name, kind in registered().items()}
    if as_json:
        screens.answer(json.dumps(schemas, indent=2))
        return 0
    for name, schema in schemas.items():
        cells = [
            (key, str(field.get("default")), _bounds(field), field.get("description", ""))
            for key, field in schema["properties"].items()
            if key != "name"
        ]
        title = f"{name}: {schema['description']}"
        screens.rows(title, ["parameter", "default", "bounds", "meaning"], cells)
    screens.talk(
        "Change one for a run with --set, for example: riskparity run risk_parity plan --set lookback=126"
    )
    return 0


def sql(text: str, *, as_json: bool, as_csv: bool) -> int:
    """The rows of one query."""
    table = query(home(), text)
    frame = table.to_pandas()
    if as_json:
        screens.answer(frame.to_json(orient="records", date_format="iso", indent=2, default_handler=str))
    elif as_csv:
        screens.answer(frame.to_csv(index=False).rstrip("\n"))
    else:
        screens.table(table.to_pylist(), table.column_names)
    return 0


def configuration(*, as_json: bool) -> int:
    """Every setting and where it came from."""
    came_from = origins()
    values = _dotted(load_settings().model_dump(mode="json"))
    environ = secrets()
    keys = {name: "set (masked)" if environ.get(name) else "not set" for name in SECRET_NAMES}
    if as_json:
        content = {
            key: {"value": value, "origin": came_from.get(key, "default")} for key, value in values.items()
        }
        screens.answer(json.dumps({**content, **keys, "home": str(home())}, indent=2))
        return 0
    cells = [(key, str(value), came_from.get(key, "default")) for key, value in values.items()]
    cells += [(name, state, "environment or .env") for name, state in keys.items()]
    cells.append(("state folder", str(home()), "RISKPARITY_HOME or default"))
    screens.rows("Configuration", ["setting", "value", "from"], cells)
    screens.talk(
        "Change one with a line in config/*.toml or a variable such as RISKPARITY__GUARD__MAX_TURNOVER=0.2"
    )
    return 0


def _bounds(field: dict[str, Any]) -> str:
    # what may also be left out has its bounds among the alternatives
    known = {key: value for option in [field, *field.get("anyOf", [])] for key, value in option.items()}
    low = known.get("minimum", known.get("exclusiveMinimum"))
    high = known.get("maximum", known.get("exclusiveMaximum"))
    return "" if low is None and high is None else f"{low} … {high}"


def _dotted(values: dict[str, Any], at: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in values.items():
        flat |= _dotted(value, f"{at}{key}.") if isinstance(value, dict) else {f"{at}{key}": value}
    return flat
