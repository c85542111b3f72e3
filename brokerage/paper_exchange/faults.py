"""The fault switchboard: what a test wants to go wrong, and when."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from schemas.forms import Parameters


class FaultRule(Parameters):
    """One thing that goes wrong for requests that match."""

    action: Literal[
        "status", "delay", "drop_before", "drop_after_commit", "reject_async", "never_fill", "partial"
    ]
    """status: answer ``status`` with ``answer`` and process nothing. delay: process after ``seconds``.
    drop_before: close the connection, process nothing. drop_after_commit: process, then close the
    connection. The others concern the order of a POST /v2/orders: reject_async rejects it after a
    200, never_fill leaves it open, partial fills ``fraction`` and leaves the rest open."""
    method: str = ""
    """HTTP method; empty matches all."""
    path: re.Pattern[str] = re.compile("")
    """Regular expression searched in the path."""
    body: re.Pattern[str] = re.compile("")
    """Regular expression searched in the request body."""
    nth: int = Field(default=1, ge=1)
    """The first match the rule acts on; earlier ones pass."""
    times: int | None = Field(default=1, ge=1)
    """How often it acts; none means for ever."""
    status: int = Field(default=500, ge=200, le=599)
    """HTTP status to answer."""
    answer: dict[str, Any] | str = Field(
        default_factory=lambda: {"code": 50010000, "message": "internal server error occurred"}
    )
    """Body to answer: a JSON object, or text as it is."""
    seconds: float = Field(default=0.0, ge=0, le=600)
    """Delay (seconds)."""
    fraction: Decimal = Field(default=Decimal("0.5"), gt=0, lt=1)
    """Share of the order that fills (fraction)."""

    @property
    def fate(self) -> str:
        """What it has in store for an order, as ``Order.fate`` spells it."""
        fates = {"reject_async": "reject", "never_fill": "hold", "partial": str(self.fraction)}
        return fates.get(self.action, "")


class Faults:
    """The rules in force; the first that matches and is due acts."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._matches: list[int] = []

    def set(self, rules: list[FaultRule]) -> None:
        """Replace all rules; counting starts again."""
        self._rules = rules
        self._matches = [0] * len(rules)

    def state(self) -> list[dict[str, Any]]:
        """Each rule and how many requests it has matched."""
        return [
            {**rule.model_dump(mode="json"), "matches": matches}
            for rule, matches in zip(self._rules, self._matches, strict=True)
        ]

    def take(self, method: str, path: str, body: str) -> FaultRule | None:
        """The rule that acts on this request; every rule that matches counts it."""
        acting = None
        for i, rule in enumerate(self._rules):
            if rule.method not in ("", method):
                continue
            if not (rule.path.search(path) and rule.body.search(body)):
                continue
            self._matches[i] += 1
            due = self._matches[i] >= rule.nth and (
                rule.times is None or self._matches[i] < rule.nth + rule.times
            )
            if due and acting is None:
                acting = rule
        return acting
