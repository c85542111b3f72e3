"""The report of the week on a real exchange: what was lived is on the page, and the account is left as it was."""

import pytest

from schemas.errors import ConfigError, DataError
from schemas.upkeep_parameters import DailyPricesParameters, WeeklyReportParameters
from tasks.daily_prices import check_prices, pull_prices
from tasks.weekly_report import report_week, week_inputs
from tests.reports.page import Page

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def said(store, path, section):
    return " ".join(Page((store.root / path).read_text()).sections[section].split())


def test_a_week_that_was_traded_is_on_the_page_from_verdict_to_model(pipeline, store, exchange, posts):
    run = pipeline().rebalance()
    again = pipeline().open()  # the week is done: the guard says no
    pipeline("max_weight=0.2", dry_run=True).open().decide().commit("planned")
    exchange.control.advance("close")
    sent = len(posts())

    path = report_week.fn(WeeklyReportParameters())

    assert path == "output/risk_parity/week.html"
    assert (store.root / "output/risk_parity/weeks/2015-W23.html").exists()
    assert not again.opening.allowed
    assert len(posts()) == sent
    verdict = said(store, path, "verdict")
    assert "Rebalanced as planned" in verdict
    assert "week 2015-W23" in verdict
    assert "Mon 2015-06-01 16:00 New York" in verdict
    inputs = week_inputs(store, WeeklyReportParameters())
    account = exchange.control.state()
    assert float(inputs.equity) == pytest.approx(float(account["equity"]))
    assert inputs.holdings["market_value"].sum() == pytest.approx(inputs.equity)
    orders = store.get(run.executed.orders)
    assert all(symbol in said(store, path, "orders") for symbol in orders["symbol"])
    assert "-plan-" not in said(store, path, "runs")
    assert inputs.week_return is None
    assert inputs.total_return != 0
    assert inputs.tracking["live"].iloc[0] == 100_000
    assert (
        str(inputs.tracking["session"].max().date()) == "2015-06-01"
    )  # and not what the bundled prices know
    assert "the live account made" in said(store, path, "performance")


def test_a_week_without_a_run_says_so_and_shows_what_is_held(pipeline, store, exchange):
    pipeline().rebalance()
    exchange.control.advance("next_week")
    exchange.control.advance("close")

    inputs = week_inputs(store, WeeklyReportParameters())
    path = report_week.fn(WeeklyReportParameters())

    assert inputs.week == "2015-W24"
    assert "No rebalance this week" in said(store, path, "verdict")
    assert len(inputs.holdings) > 1
    assert inputs.week_return == pytest.approx(inputs.total_return)
    assert "No order was sent" in said(store, path, "orders")


def test_prices_that_stayed_in_doubt_are_named_and_those_that_were_mended_are_not(store, exchange):
    late = {"path": "/bars$", "action": "symbol_missing", "symbol": "TLT", "times": None}
    exchange.control.set_faults(late)
    with pytest.raises(DataError):
        check_prices.fn(pull_prices.fn(DailyPricesParameters()), DailyPricesParameters())

    (doubt,) = week_inputs(store, WeeklyReportParameters()).doubts.itertuples()
    assert (doubt.session, doubt.symbol, doubt.finding) == ("2015-05-29", "TLT", "missing")

    exchange.control.set_faults()
    check_prices.fn(pull_prices.fn(DailyPricesParameters()), DailyPricesParameters())

    assert week_inputs(store, WeeklyReportParameters()).doubts.empty


def test_a_strategy_nobody_registered_is_named(store):
    with pytest.raises(ConfigError, match="mine"):
        report_week.fn(WeeklyReportParameters(strategy="mine"))
