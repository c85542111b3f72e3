from __future__ import annotations

import io
import json
import re

import pandas as pd
import pytest

from reports.backtest import backtest_figures, backtest_report, headline, luck
from reports.backtest_inputs import written
from schemas.metrics import METRICS
from tests.reports.page import Page, links, needs_chromium, pixels_across

ORDER = [
    "verdict", "results", "equity", "allocation", "risk", "constraints", "rolling", "turnover", "months", "crises",
    "crisis-returns", "sensitivity", "trials", "tracking", "quality", "definitions", "provenance",
]  # fmt: skip
FIGURES = [
    "equity",
    "allocation",
    "risk",
    "constraints",
    "rolling",
    "turnover",
    "months",
    "crises",
    "sensitivity",
    "tracking",
]


@pytest.fixture(scope="module")
def files(make_backtest):
    return backtest_report(make_backtest())


@pytest.fixture(scope="module")
def page(files):
    return Page(files["report.html"].decode())


def _rows(html: str) -> dict[str, list[str]]:
    """Cells of the results table by the name of their figure."""
    html = html[: html.index('id="equity"')]
    rows = re.findall(
        r'class="key">([^<]+)</th>((?:<td role="cell" class="figure" data-account.*?</td>)+)</tr>', html
    )
    return {name: re.findall(r"<td[^>]*>(.*?)</td>", cells) for name, cells in rows}


def test_the_page_is_in_the_order_verdict_money_holdings_risk_data_provenance(page):
    assert list(page.sections) == ORDER
    assert page.open == []


def test_every_figure_of_every_account_is_the_one_given_with_its_interval(make_backtest, files):
    inputs = make_backtest()
    rows = _rows(files["report.html"].decode())
    assert list(rows) == [metric.name.replace("'", "&#39;") for metric in METRICS.values()]
    for cells, key in zip(rows.values(), METRICS, strict=True):
        expected = [inputs.of(account, key) for account in inputs.accounts]
        assert cells == [
            f'{written(key, e.value)}<span class="below">{written(key, e.low)} to {written(key, e.high)}</span>'
            for e in expected
        ], key


def test_every_account_is_followed_through_the_crises(page):
    said = " ".join(page.sections["crisis-returns"].split())
    assert "Covid, 2020-02-19 to 2020-03-23 -5.0% fell -6.0% -10.0% fell -12.0% -15.0% fell -18.0%" in said


def test_every_figure_is_defined_on_the_page(page, files):
    said = " ".join(page.sections["definitions"].split())
    for metric in METRICS.values():
        assert f"{metric.name} {metric.definition} {metric.source}" in said
    for word in ("Interval", "Decision", "Risk share", "Crisis"):
        assert word in said
        assert f"**{word}**" in files["summary.md"].decode()


def test_nothing_is_fetched_from_anywhere(files):
    for name, content in files.items():
        if name.endswith((".html", ".svg")):
            text = content.decode()
            assert "<script" not in text
            assert "@import" not in text
            assert all(link.startswith("#") for link in links(text)), name


def test_every_figure_has_a_text_alternative_and_a_caption_that_states_the_finding(
    make_backtest, page, files
):
    drawings = backtest_figures(make_backtest())
    assert list(drawings) == FIGURES
    assert len(page.alternatives) == len(FIGURES)
    assert all(len(text) > 40 for text in page.alternatives)
    assert all(drawing.caption in page.said for drawing in drawings.values())


def test_ids_are_unique_although_the_figures_share_a_page(page):
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_beside_the_page_are_figures_tables_and_the_summary(make_backtest, files):
    for name in FIGURES:
        assert files[f"figures/{name}.svg"].startswith(b"<svg")
        assert files[f"figures/{name}.png"].startswith(b"\x89PNG")
    for name in ("statistics", "months", "crises", "drawdowns"):
        given = getattr(make_backtest(), name)
        csv = pd.read_csv(io.BytesIO(files[f"tables/{name}.csv"]))
        parquet = pd.read_parquet(io.BytesIO(files[f"tables/{name}.parquet"]))
        assert list(csv.columns) == list(parquet.columns) == list(given.columns)
        assert len(csv) == len(given)
        pd.testing.assert_frame_equal(parquet, given, check_dtype=False)
    equity = pd.read_parquet(io.BytesIO(files["tables/equity.parquet"])).set_index("session")
    pd.testing.assert_frame_equal(equity, make_backtest().equity, check_freq=False)


def test_the_summary_says_the_same_as_the_page(make_backtest, files):
    inputs, text = make_backtest(), files["summary.md"].decode()
    assert text.startswith(f"# {headline(inputs)}\n")
    assert luck(inputs) in text
    cells = [f"{inputs.written(a, 'calmar')} (" for a in inputs.accounts]
    row = next(line for line in text.splitlines() if line.startswith("| Calmar ratio |"))
    assert all(cell in row for cell in cells)


def test_the_summary_is_plain_text_without_entities(files):
    text = files["summary.md"].decode()
    assert "Politis & Romano" in text
    assert re.findall(r"&#?\w+;", text) == []


def test_provenance_has_what_is_needed_to_run_it_again(page):
    said = " ".join(page.sections["provenance"].split())
    for part in (
        "0.1.0",
        "d" * 64,
        "riskparity backtest risk_parity --start 2019-06-03",
        '"lookback": 252',
        "3 bp of",
    ):
        assert part in said


def test_the_verdict_comes_with_its_caveats(page):
    said = " ".join(page.sections["verdict"].split())
    assert "price return, without dividends" in said
    assert "2020-03-11 to 2020-03-12" in said
    assert re.search(r"\d+ done, \d+ held, \d+ skipped, \d+ fallback", said)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.1, 0.3, "cannot be told from luck"), (0.1, 0.3, "better by more"), (-0.3, -0.1, "worse by more")],
)
def test_a_difference_counts_when_its_interval_leaves_zero_out(make_backtest, low, high, verdict):
    statistics = make_backtest().statistics
    at = (statistics["series"] == "risk_parity") & (statistics["metric"] == "sharpe_difference")
    statistics.loc[at, ["low", "high"]] = [low, high]
    assert verdict in luck(make_backtest(statistics=statistics))


def test_the_same_inputs_give_the_same_bytes(make_backtest, files):
    again = backtest_report(make_backtest())
    assert {name for name in files if files[name] != again[name]} == set()


def test_a_young_strategy_without_limits_or_live_runs_has_a_shorter_report(make_backtest):
    whole = make_backtest()
    nothing = {
        name: getattr(whole, name).iloc[:0]
        for name in ("binding", "tracking", "rolling", "crises", "risk_shares")
    } | {"sweep": None}
    young = make_backtest(**nothing, quality=pd.DataFrame())
    assert list(backtest_figures(young)) == ["equity", "allocation", "turnover", "months"]
    page = Page(backtest_report(young)["report.html"].decode())
    assert "tracking" not in page.sections
    assert "No cap, floor or band ever bound" in page.sections["constraints"]


def test_without_a_sweep_or_a_trial_one_line_says_what_to_do(make_backtest):
    page = Page(backtest_report(make_backtest(sweep=None, trials=pd.DataFrame()))["report.html"].decode())
    assert (
        "No sweep of this strategy is on record: riskparity sweep risk_parity --set"
        in page.sections["sensitivity"]
    )
    assert "No trial is on record before this one." in page.sections["trials"]


def test_the_latest_sweep_is_told_with_its_verdicts_and_what_it_was_made_of(page, files):
    said = " ".join(page.sections["sensitivity"].split())
    assert "the grid ends too early in max weight" in said
    assert "PBO 23%" in said
    assert "From the latest sweep, risk_parity-sweep-0f3a, weeks 2009-01-09 to 2016-07-01" in said
    assert "max weight edge 0.35 0.2 to 0.5" in said
    assert "the grid ends too early in max weight" in files["summary.md"].decode()


def test_the_ledger_says_where_this_backtest_stands_among_all_trials(page):
    said = " ".join(page.sections["trials"].split())
    assert "On record are 2 backtests and 3 points of sweeps" in said
    assert "2 of them have a Sharpe ratio above this one's" in said
    assert "2026-01-06 09:00 equal weight 2019-06-03 2020-12-31 +3.0% 9.0% 0.02 -20.0% bundled" in said


def test_names_and_notes_are_text_never_markup(make_backtest):
    hostile = '<script>alert("1")</script>'
    inputs = make_backtest(notes=(hostile,), command=hostile, parameters=json.dumps({"a": hostile}))
    html = backtest_report(inputs)["report.html"].decode()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3


@needs_chromium
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_scrolls_sideways_in_a_browser(files, tmp_path, width):
    needed, given = pixels_across(files["report.html"], width, tmp_path)
    assert needed <= given
