"""What Alpaca published: its OpenAPI documents, from its MCP server's wheel, less their known defects."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import schemathesis

FOREIGN = Path(sys.prefix) / "foreign"
"""Where `make .venv/.ready-foreign` puts what must not mix with our own packages."""

SERVED = {
    "trading-api": r"^/v2/(account|assets|calendar|clock|orders)|^/v2/positions(/\{symbol_or_asset_id\})?$|^/v3/",
    "market-data-api": r"^/v2/stocks/(\{symbol\}/)?(bars|(quotes|trades|bars)/latest|snapshots?)$|^/v1/corporate-actions$",
}
"""Paths of each document that the exchange serves; the others are 404 there."""


def require(path: Path) -> None:
    """Skip the test when something foreign is not installed; in CI that is a failure."""
    if not path.exists():
        told = f"{path.name} is missing; `make .venv/.ready-foreign` installs it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)


def schema(name: str) -> schemathesis.BaseSchema:
    """One of the two documents, restricted to what the exchange serves, without its known defects."""
    file = FOREIGN / "specs" / "alpaca_mcp_server" / "specs" / f"{name}.json"
    require(file)
    document = json.loads(file.read_text())
    if name == "trading-api":
        _mend(document)
    return schemathesis.openapi.from_dict(document).include(path_regex=SERVED[name])


def _mend(document: dict[str, Any]) -> None:
    """Where the trading document contradicts what Alpaca answers; nothing else is forgiven."""
    schemas = document["components"]["schemas"]
    # an order that never expires has no such instant
    schemas["Order"]["properties"]["expires_at"]["type"] = ["string", "null"]
    # a position that could not be closed carries the error instead of an order
    body = schemas["PositionClosedResponse"]["properties"]["body"]
    refusal = {"type": "object", "required": ["code", "message"], "properties": {"code": {"type": "integer"}}}
    schemas["PositionClosedResponse"]["properties"]["body"] = {"anyOf": [body, refusal]}
    # every fill satisfies both of the two schemas of which it must satisfy exactly one
    answer = document["paths"]["/v2/account/activities/{activity_type}"]["get"]["responses"]["200"]
    items = answer["content"]["application/json"]["schema"]["items"]
    items["anyOf"] = items.pop("oneOf")
