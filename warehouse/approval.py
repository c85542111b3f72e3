"""A plan as a file that a person approves: signed, so that what is sent is what was read."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError, GuardRefusal
from schemas.identity import Run
from warehouse import files
from warehouse.store import Warehouse

_SHOWN = (
    "symbol",
    "action",
    "qty",
    "notional",
    "reference_price",
    "current_weight",
    "target_weight",
    "reason",
)
_KEY = "plan.key"


def signed_plan(store: Warehouse, run: Run) -> str:
    """The plan of a dry run as JSON: its trades to be read, the hash of its artifact, and a signature.

    The signature is made with a key of this state folder: nobody without it can make or alter a plan.

    Raises:
        ConfigError: The run planned nothing.
    """
    reference = store.find(run, "order_plan")
    if reference is None:
        raise ConfigError(
            f"Run {run.run_id} planned nothing", remedy=f"Plan first: riskparity run {run.strategy} plan"
        )
    plan = {
        "run_id": run.run_id,
        "session": run.session.isoformat(),
        "account": run.account,
        "trades": [{name: _text(row[name]) for name in _SHOWN} for row in store.rows(reference)],
        "order_plan_sha256": reference.sha256,
    }
    return json.dumps({**plan, "signature": _signature(store.root, plan)}, indent=2)


def approved_run(store: Warehouse, content: str) -> tuple[str, str]:
    """Id of the run whose plan a signed file holds, and the hash its trade list must have.

    Raises:
        GuardRefusal: The file was altered, or signed in another state folder.
    """
    try:
        plan = json.loads(content)
        signature = str(plan.pop("signature"))
        intact = hmac.compare_digest(signature, _signature(store.root, plan))
        run_id, sha256 = str(plan["run_id"]), str(plan["order_plan_sha256"])
    except (ValueError, TypeError, KeyError, AttributeError):
        intact = False
    if not intact:
        raise GuardRefusal(
            "This plan was altered after it was signed, or signed in another state folder; nothing was sent",
            remedy="Plan again: riskparity run STRATEGY plan --out FILE",
        )
    return run_id, sha256


def _text(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else str(value)


def _signature(home: Path, plan: dict[str, Any]) -> str:
    canonical = json.dumps(plan, sort_keys=True).encode()
    return hmac.new(_signing_key(home), canonical, hashlib.sha256).hexdigest()


def _signing_key(home: Path) -> bytes:
    path = home / _KEY
    if not path.exists():
        files.put_if_absent(path, secrets.token_hex(32).encode())
        os.chmod(path, 0o600)  # noqa: PTH101 - said plainly
    return path.read_bytes()
