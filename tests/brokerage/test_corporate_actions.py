"""What a split, a merger or a new name is about to change is known, whatever the number of pages."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import SecretStr

from brokerage.corporate_actions import changing_assets
from brokerage.endpoint import Endpoint
from schemas.errors import TemporaryError
from schemas.settings import BrokerSettings

ACTIONS = "GET /v1/corporate-actions"
MONDAY, WEDNESDAY = dt.date(2015, 6, 1), dt.date(2015, 6, 3)


def ask(endpoint, *symbols):
    return changing_assets(endpoint, symbols, MONDAY, WEDNESDAY, BrokerSettings())


def page(token, **groups):
    return {"corporate_actions": groups, "next_page_token": token}


@pytest.mark.integration
def test_a_split_about_now_is_found_and_a_dividend_or_a_later_split_is_not(exchange):
    address, add = exchange.address, exchange.control.add_corporate_action
    add(type="forward_split", symbol="SPY", ex_date="2015-06-02", new_rate=4)
    add(type="reverse_split", symbol="EEM", ex_date="2015-06-04", old_rate=10)
    add(type="cash_dividend", symbol="TLT", ex_date="2015-06-02", rate="0.3")
    keys = SecretStr(address.key_id), SecretStr(address.secret_key)

    assert ask(Endpoint("loopback", address.url, address.url, *keys), "SPY", "EEM", "TLT") == {
        "SPY": "forward split on 2015-06-02"
    }


def test_scenario_42_all_pages_of_corporate_actions_are_read(misbehaving, misbehaving_endpoint, acts):
    splits = [{"symbol": f"X{number}", "ex_date": "2015-06-02"} for number in range(1000)]
    misbehaving.script(
        ACTIONS,
        acts.answer(200, page("two", forward_splits=splits)),
        acts.answer(
            200, page(None, name_changes=[{"old_symbol": "OLD", "new_symbol": "NEW"}], moonshots=[{}])
        ),
    )

    assert ask(misbehaving_endpoint, "X999", "OLD", "SPY") == {
        "X999": "forward split on 2015-06-02",
        "OLD": "name change",
    }
    assert [r.query.get("page_token") for r in misbehaving.received(ACTIONS)] == [None, ["two"]]


def test_what_could_not_be_asked_is_not_taken_for_nothing(
    misbehaving, misbehaving_endpoint, acts, three_tries
):
    misbehaving.script(ACTIONS, acts.answer(200, page("two")), acts.answer(503, raw=b"<html>"))

    with pytest.raises(TemporaryError):
        ask(misbehaving_endpoint, "SPY")
