"""The admin API from the outside: move the clock, look, make things go wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import requests

from brokerage.paper_exchange.address import ExchangeAddress
from schemas.errors import DataError, TemporaryError

_TIMEOUT = (5.0, 60.0)


class ExchangeControl:
    """Client of the admin API of one running exchange.

    Every method raises ``TemporaryError`` when the exchange does not answer and ``DataError`` when it
    refuses, with its words.
    """

    def __init__(self, address: ExchangeAddress) -> None:
        self.address = address
        self._session = requests.Session()
        # a proxy of the environment must not capture the loopback interface
        self._session.trust_env = False
        self._session.headers["X-Sim-Token"] = address.admin_token

    def answers(self) -> bool:
        """Whether this very exchange, not another on its port, is alive."""
        try:
            return self._session.get(f"{self.address.url}/__sim/state", timeout=_TIMEOUT).status_code == 200  # noqa: PLR2004
        except requests.RequestException:
            return False

    def state(self) -> dict[str, Any]:
        """Clock, session, span of the prices, seed, cash, equity."""
        return dict(self._call("GET", "state"))

    def advance(self, to: str) -> dict[str, Any]:
        """Move the clock to ``next_session``, ``next_week``, ``close`` or an ISO instant; returns the clock."""
        return dict(self._call("POST", "clock", {"to": to}))

    def set_faults(self, *rules: dict[str, Any]) -> None:
        """Replace the fault rules (see ``FaultRule``); without any, everything works again."""
        self._call("POST", "faults", {"rules": list(rules)})

    def faults(self) -> list[dict[str, Any]]:
        """The fault rules and how many requests each has matched."""
        return list(self._call("GET", "faults")["rules"])

    def set_rate_limit(self, per_minute: int) -> None:
        """Limit requests from now on, as Alpaca does at 200; 0 limits nothing."""
        self._call("POST", "rate_limit", {"per_minute": per_minute})

    def set_asset(self, symbol: str, **changes: Any) -> None:
        """Change ``status``, ``tradable`` or ``fractionable`` of an asset."""
        self._call("POST", f"assets/{symbol}", changes)

    def set_options(self, **changes: Any) -> dict[str, Any]:
        """Change how real the exchange feels (see ``ExchangeOptions``); returns all options."""
        return dict(self._call("POST", "options", changes))

    def transfer(self, amount: Decimal) -> None:
        """Deposit cash, or withdraw it when ``amount`` is negative (USD)."""
        self._call("POST", "transfers", {"amount": str(amount)})

    def trade_by_hand(self, symbol: str, side: str, qty: Decimal) -> str:
        """Trade as somebody else in the same account, at once; returns the order's id."""
        sent = {"symbol": symbol, "side": side, "qty": str(qty)}
        return str(self._call("POST", "trades", sent)["id"])

    def add_corporate_action(self, **action: Any) -> str:
        """Announce a split or a distribution (see ``CorporateAction``); returns its id."""
        return str(self._call("POST", "corporate_actions", action)["id"])

    def violations(self) -> list[str]:
        """What does not hold in the book, in words."""
        return list(self._call("GET", "invariants")["violations"])

    def requests(self) -> list[dict[str, Any]]:
        """Every trading and data request so far: real time, method, path, query, body, status, fault."""
        return list(self._call("GET", "requests"))

    def _call(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        try:
            answer = self._session.request(
                method, f"{self.address.url}/__sim/{path}", json=content, timeout=_TIMEOUT
            )
        except requests.RequestException as error:
            raise TemporaryError(
                "The loopback exchange does not answer",
                figures={"url": self.address.url, "reason": type(error).__name__},
                remedy="Run the command again: it is started when it is not running.",
            ) from error
        if not answer.ok:
            raise DataError(
                f"The loopback exchange refused: {answer.json().get('message')}",
                figures={"status": answer.status_code},
                remedy="Move its clock only forward and within its prices; see riskparity exchange.",
            )
        return answer.json()
