"""The fault switchboard: which rules are in force, and which of them act on a request."""

from __future__ import annotations

import random
import time
from typing import Any

from brokerage.paper_exchange.fault_rule import Call, FaultRule, Kind


class Faults:
    """The rules in force; of each kind the first that matches and is due acts."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def set(self, rules: list[FaultRule]) -> None:
        """Replace all rules; counting starts again."""
        self._armed = [_Armed(rule) for rule in rules]

    def state(self) -> list[dict[str, Any]]:
        """Each rule, how many requests it has matched and on how many it acted."""
        return [
            {**armed.rule.model_dump(mode="json"), "matches": armed.matches, "acted": armed.acted}
            for armed in self._armed
        ]

    def take(self, call: Call) -> dict[Kind, FaultRule]:
        """The rules that act on this call; every rule that matches counts it."""
        acting: dict[Kind, FaultRule] = {}
        for armed in self._armed:
            if armed.rule.matches(call) and armed.is_due() and armed.rule.kind not in acting:
                armed.act()
                acting[armed.rule.kind] = armed.rule
        return acting


class _Armed:
    """A rule and how often it has matched and acted."""

    def __init__(self, rule: FaultRule) -> None:
        self.rule = rule
        self.matches = 0
        self.acted = 0
        self._chance = random.Random(rule.seed)  # noqa: S311 - repeatable on purpose
        self._since: float | None = None

    def is_due(self) -> bool:
        """Count a match; whether the rule would act on it."""
        rule = self.rule
        self.matches += 1
        # drawn at every match, so that the draws do not depend on what other rules do
        lucky = self._chance.random() < rule.prob
        over = self._since is not None and time.monotonic() - self._since > (rule.lasts or float("inf"))
        return (
            lucky
            and not over
            and self.matches >= rule.nth
            and (self.matches - rule.nth) % rule.every == 0
            and (rule.times is None or self.acted < rule.times)
        )

    def act(self) -> None:
        """Count an action."""
        self.acted += 1
        self._since = self._since or time.monotonic()
