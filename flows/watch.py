"""A look, every weekday after the close, at whether a week went by without a rebalance."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import Completed, Failed

from tasks.watch import look_for_missed


@flow(name="watch")
def watch(strategy: str = "risk_parity") -> Any:
    """End as Missed, of which a notification tells, while the strategy has a week without a rebalance behind it."""
    missed = look_for_missed(strategy)
    # by the state's name the UI tells the two apart, and the server knows what to send
    return Failed(name="Missed", message=missed) if missed else Completed(name="Nothing missed")
