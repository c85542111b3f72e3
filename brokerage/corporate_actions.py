"""Which assets change their share count or their name about now: they are left alone until that is over.

Around a split the price, the history and the position may change on different days: sized in between, a
sound portfolio looks three quarters empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from alpaca.data.historical.corporate_actions import CorporateActionsClient
from pydantic import BaseModel, BeforeValidator, ConfigDict

from brokerage.data_calls import read_pages
from brokerage.endpoint import Endpoint
from brokerage.transport import harden
from schemas.settings import BrokerSettings

PAGE_SIZE = 1000
CHANGES = (
    "forward_split,reverse_split,unit_split,stock_dividend,spin_off,cash_merger,stock_merger,"
    "stock_and_cash_merger,redemption,name_change,worthless_removal,reorganization"
)
"""Types of actions after which a holding is not what it was; cash alone changes nothing."""

_PARTIES = ("symbol", "old_symbol", "new_symbol", "source_symbol", "acquiree_symbol", "acquirer_symbol")


def changing_assets(
    endpoint: Endpoint, symbols: Iterable[str], start: dt.date, end: dt.date, settings: BrokerSettings
) -> dict[str, str]:
    """Of ``symbols`` those with a split, merger, spin-off or new name from ``start`` to ``end``, and what it is and when.

    Raises:
        ConfigError: If the keys are wrong or their plan has no corporate actions.
        TemporaryError: If any page stayed unavailable: what is not known cannot be ruled out.
    """
    client = harden(
        CorporateActionsClient(
            api_key=endpoint.key_id.get_secret_value(),
            secret_key=endpoint.secret_key.get_secret_value(),
            raw_data=True,
            url_override=endpoint.data_url,
        ),
        settings,
    )
    wanted = set(symbols)
    fields = {
        "symbols": ",".join(sorted(wanted)),
        "types": CHANGES,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "limit": PAGE_SIZE,
    }

    # alpaca-py's own method ends after 1,000 actions without a word and drops groups it does not know
    def ask(fields: Mapping[str, Any]) -> _Page:
        return _Page.model_validate(client.get("/corporate-actions", dict(fields)))

    return {
        symbol: f"{group.removesuffix('s').replace('_', ' ')}{_day(action)}"
        for page in read_pages(ask, fields, settings)
        for group, actions in page.corporate_actions.items()
        for action in actions
        for symbol in wanted & {action.get(party) for party in _PARTIES}
    }


def _day(action: Mapping[str, Any]) -> str:
    days = (action.get(name) for name in ("ex_date", "effective_date", "process_date"))
    return next((f" on {day}" for day in days if day), "")


class _Page(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    corporate_actions: Annotated[
        dict[str, list[dict[str, Any]]], BeforeValidator(lambda groups: groups or {})
    ]
    next_page_token: str | None = None
