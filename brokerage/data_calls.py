"""Asking the market data service: retried, page by page to the end, its errors in this project's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from brokerage.failures import CallFailed, as_error
from brokerage.transport import with_retries
from schemas.errors import ConfigError, DataError, RiskParityError, TemporaryError
from schemas.settings import BrokerSettings

MOST_PAGES = 1000
"""No question has more pages; a service that gives more is broken."""

Answer = TypeVar("Answer")


class Page(Protocol):
    """Part of an answer."""

    @property
    def next_page_token(self) -> str | None:
        """Names the next part; none, or empty, after the last."""


SomePage = TypeVar("SomePage", bound=Page)


def read(call: Callable[[], Answer], settings: BrokerSettings) -> Answer:
    """Ask, again if that may help.

    Raises:
        DataError: If the service does not know a symbol, or does not accept the request.
        ConfigError: If the plan of the keys does not include what was asked, or the keys are wrong.
        TemporaryError: If no usable answer came.
    """
    try:
        return with_retries(call, settings.patience_seconds)
    except CallFailed as failure:
        raise _data_error(failure) from None


def read_pages(
    ask: Callable[[Mapping[str, Any]], SomePage], wanted: Mapping[str, Any], settings: BrokerSettings
) -> Iterator[SomePage]:
    """Every page of an answer; alpaca-py itself never ends on an empty token, nor on a repeated one.

    Raises:
        TemporaryError: If the pages do not end, or one stayed unavailable.
    """
    fields = dict(wanted)
    seen: set[str] = set()
    while True:
        page = read(lambda: ask(fields), settings)
        yield page
        token = page.next_page_token
        if not token:
            return
        if token in seen or len(seen) == MOST_PAGES:
            raise TemporaryError(
                "The market data service sends the same page again and again, or pages without end",
                figures={"pages": len(seen) + 1},
                remedy="Run the same command again later.",
            )
        seen.add(token)
        fields["page_token"] = token


def lacks_plan(failure: CallFailed) -> bool:
    """Whether the keys' plan does not include the consolidated prices of the last 15 minutes."""
    return "subscription does not permit" in failure.message


def _data_error(failure: CallFailed) -> RiskParityError:
    if lacks_plan(failure):
        return ConfigError(
            "The keys' data plan does not include the consolidated prices of the last 15 minutes",
            figures=failure.figures,
            remedy="Set feed = iex, or end the range at least 16 minutes before now.",
        )
    unknown = re.match(r"invalid symbol: (\S+)", failure.message)
    if unknown:
        return DataError(
            f"The market data service does not know the symbol {unknown[1]}",
            figures=failure.figures,
            remedy=f"Remove {unknown[1]} from the universe, or correct its spelling.",
        )
    if failure.status in {400, 404, 422}:
        return DataError(
            "The market data service does not accept the request",
            figures=failure.figures,
            remedy="Correct what the message names: symbols, dates or feed.",
        )
    return as_error(failure)
