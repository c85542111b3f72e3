"""What is committed shows in the views about two seconds later, later on a slow disk: tests wait for it, and for nothing longer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from warehouse.query import query


def visible(root: Path, sql: str) -> list[dict[str, Any]]:
    """The rows of a question as soon as there are any."""
    while not (rows := query(root, sql).to_pylist()):
        time.sleep(0.1)
    return rows
