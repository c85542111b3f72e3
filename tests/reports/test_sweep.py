from __future__ import annotations

import io

import pandas as pd
import pytest

from reports.sweep import sweep_figures, sweep_report
from tests.reports.page import Page, links, needs_chromium, pixels_across
from tests.reports.sweeps import make_sweep

ORDER = [
    "verdict", "verdicts", "slices", "choices", "maps", "ranks", "distances", "luck", "agreement", "values", "failures", "definitions",
    "provenance",
]  # fmt: skip
FIGURES = ["slices", "choices", "maps", "ranks", "distances", "luck"]


@pytest.fixture(scope="module")
def files():
    return sweep_report(make_sweep())


@pytest.fixture(scope="module")
def page(files):
    return Page(files["report.html"].decode())


def _said(page, section):
    return " ".join(page.sections[section].split())


def test_the_page_begins_with_the_verdicts_and_ends_with_how_to_run_it_again(page):
    assert list(page.sections) == ORDER
    assert page.open == []
    assert "riskparity sweep risk_parity --set lookback=126,252,378" in _said(page, "provenance")


def test_the_strip_states_the_worst_verdict_and_what_is_luck(page):
    assert ("header", {"id": "verdict", "class": "edge"}) in page.tags
    said = _said(page, "verdict")
    assert (
        "Risk parity: the grid ends too early in max weight; on a plateau in lookback and assets left out"
        in said
    )
    assert "Sharpe ratio 0.71 ± 0.34, rank 4 of 12" in said
    assert "PBO 23%, luck gives 50%" in said
    assert "deflated Sharpe 84%" in said
    assert "12, 1 failed" in said


def test_every_verdict_comes_with_its_figures(page):
    said = _said(page, "verdicts")
    assert "max weight edge 0.35 0.2 to 0.5 +1 ± 0.2 61%" in said
    assert (
        "The best, 0.5, is the largest tried, +0.15 ± 0.04 above the best inside the grid: try further."
        in said
    )


def test_every_word_of_the_verdicts_is_defined(page):
    said = _said(page, "definitions")
    for word in (
        "Plateau",
        "Spike",
        "Edge",
        "Slope",
        "Condition",
        "Counts",
        "PBO",
        "Deflated Sharpe",
        "Held otherwise",
    ):
        assert word in said


def test_what_failed_is_on_the_page(page):
    assert "12 cap 0.05 InfeasibleError Caps add up to 0.55" in _said(page, "failures")


def test_distances_of_means_and_of_weeks_stand_beside_the_figures_of_each_value(page):
    assert "lookback 126 0.66 -0.05 ± 0.05 3.0% 4.0% -6.0% 137% 6.0% 11.0%" in _said(page, "values")


def test_the_best_of_each_sub_period_is_followed_through_the_others(page):
    assert "2009-01 to 2010-12 the first winner 1.10 80% 0.54 8 of 12" in _said(page, "agreement")


def test_figures_have_captions_that_state_the_finding_and_a_text_alternative(page):
    drawings = sweep_figures(make_sweep())
    assert list(drawings) == FIGURES
    assert len(page.alternatives) == len(FIGURES)
    assert all(len(text) > 40 for text in page.alternatives)
    assert all(drawing.caption in page.said for drawing in drawings.values())
    assert "max weight matters most: from 0.2 to 0.5 the Sharpe ratio lies between 0.56 and 0.86" in page.said


def test_a_sweep_without_order_or_pairs_has_a_shorter_page():
    whole = make_sweep()
    alone = whole.verdicts[whole.verdicts["parameter"] == "left_out"]
    short = make_sweep(verdicts=alone, pairs=whole.pairs.iloc[:0], failures=whole.failures.iloc[:0])
    assert list(sweep_figures(short)) == ["choices", "ranks", "distances", "luck"]
    page = Page(sweep_report(short)["report.html"].decode())
    assert "slices" not in page.sections
    assert "None." in page.sections["failures"]


def test_the_folder_holds_each_figure_twice_and_each_table_twice(files):
    for name in FIGURES:
        assert files[f"figures/{name}.svg"].startswith(b"<svg")
        assert files[f"figures/{name}.png"].startswith(b"\x89PNG")
    verdicts = pd.read_csv(io.BytesIO(files["tables/verdicts.csv"]))
    assert verdicts["verdict"].tolist() == ["plateau", "edge", "condition", "plateau"]
    assert len(pd.read_parquet(io.BytesIO(files["tables/points.parquet"]))) == 12


def test_the_summary_is_the_page_in_markdown(files):
    text = files["summary.md"].decode()
    assert text.startswith("# Risk parity: the grid ends too early in max weight")
    assert "| max weight | edge | 0.35 | 0.2 to 0.5 |" in text
    assert "PBO 23%" in text
    assert "& " in text
    assert "&amp;" not in text


def test_the_same_inputs_give_the_same_bytes(files):
    again = sweep_report(make_sweep())
    assert {name for name in files if files[name] != again[name]} == set()


def test_nothing_is_fetched_and_names_are_text_never_markup():
    hostile = '<script>alert("1")</script>'
    html = sweep_report(make_sweep(notes=(hostile,), command=hostile))["report.html"].decode()
    assert "<script" not in html
    assert all(link.startswith("#") for link in links(html))


@needs_chromium
def test_nothing_scrolls_sideways_on_a_phone(files, tmp_path):
    needed, given = pixels_across(files["report.html"], 390, tmp_path)
    assert needed <= given
