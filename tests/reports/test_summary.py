from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace

import pytest

from reports.summary import VERDICTS, summary_html, summary_markdown
from schemas.errors import DataError
from tests.reports.page import Page

SECTIONS = [
    "verdict",
    "plan",
    "why",
    "orders",
    "positions",
    "checks",
    "performance",
    "cleaning",
    "provenance",
]
HOSTILE = '<script>alert("1")</script> | `x` <img src=http://evil.example/x.png>'


def _says(html: str) -> dict[str, str]:
    return {name: " ".join(text.split()) for name, text in Page(html).sections.items()}


def test_the_page_is_well_formed_and_in_the_order_verdict_money_reasons_checks(make_inputs) -> None:
    page = Page(summary_html(make_inputs(["complete"] * 3)))
    assert list(page.sections) == SECTIONS
    assert page.open == []


@pytest.mark.parametrize("outcome", sorted(VERDICTS))
def test_every_outcome_has_its_verdict_first(make_inputs, outcome) -> None:
    inputs = make_inputs(["complete", outcome])
    assert VERDICTS[outcome] in _says(summary_html(inputs))["verdict"]
    assert summary_markdown(inputs).startswith(f"# {VERDICTS[outcome]}\n")


def test_the_verdict_says_when_where_and_as_of_which_data(make_inputs) -> None:
    notes = ("price return, ends 2016-07-01",)
    verdict = _says(summary_html(make_inputs(notes=notes, next_step="Try again on Monday")))["verdict"]
    for fact in (
        "week 2015-W23", "Mon 2015-06-01 10:00 New York", "2015-05-29 close", "loopback", "$100,000.00",
        "3 of 3", "2.6% → 0.2%", "price return, ends 2016-07-01", "Try again on Monday",
    ):  # fmt: skip
        assert fact in verdict


def test_every_asset_is_in_plan_orders_and_positions(make_inputs) -> None:
    symbols = [f"ETF{n:02d}" for n in range(30)]
    inputs = make_inputs(symbols=symbols)
    says = _says(summary_html(inputs))
    markdown = summary_markdown(inputs)
    for symbol in symbols:
        assert all(symbol in says[section] for section in ("plan", "why", "orders", "positions"))
        assert markdown.count(f"| {symbol} |") == 4


def test_only_the_run_itself_is_shown_of_a_history(make_inputs) -> None:
    plan = Page(summary_html(make_inputs(["complete"] * 5))).sections["plan"]
    assert plan.count("is below its target") == 3


def test_checks_say_which_passed_and_why(make_inputs) -> None:
    checks = _says(summary_html(make_inputs(["refused"])))["checks"]
    assert "ok market: open until 16:00" in checks
    assert "NO once a week: 1 rebalance in this week" in checks
    assert "largest drift 2.6pp" in checks


def test_the_certificate_stands_with_the_checks(make_inputs) -> None:
    checks = _says(summary_html(make_inputs()))["checks"]
    assert "relative duality gap 2e-11, largest violation 3e-16" in checks
    assert "downside deviation of the target 5.0% a year" in checks


def test_why_these_weights_has_the_split_the_prices_and_the_notes(make_inputs) -> None:
    inputs = make_inputs(["complete", "complete"])
    why = _says(summary_html(inputs))["why"]
    for text in (
        "change = drift",
        "The 30% ceiling of the sleeve costs 0.1 bp per 1 pp.",
        "left the negative sleeve: GLD",
    ):
        assert text in why
        assert text in summary_markdown(inputs)
    assert "GLD is left out" not in why
    assert "+2.00pp" in why


def test_a_run_that_decided_nothing_has_no_why(make_inputs) -> None:
    inputs = make_inputs(["complete", "refused"])
    assert "why" not in Page(summary_html(inputs)).sections
    assert "Why these weights" not in summary_markdown(inputs)


def test_a_strategy_without_a_certificate_claims_none(make_inputs) -> None:
    inputs = make_inputs()
    inputs = replace(inputs, certificates=inputs.certificates.iloc[:0])
    assert "certified" not in _says(summary_html(inputs))["checks"]
    assert "certified" not in summary_markdown(inputs)


def test_an_override_is_shown_with_its_reason(make_inputs) -> None:
    inputs = make_inputs()
    forced = inputs.decisions.assign(forced_because="index event")
    for text in (
        summary_html(replace(inputs, decisions=forced)),
        summary_markdown(replace(inputs, decisions=forced)),
    ):
        assert "index event" in text
    assert "overridden" not in summary_html(inputs)


def test_a_refused_run_without_plan_or_orders_is_a_whole_page(make_inputs) -> None:
    inputs = make_inputs(["refused"])
    says = _says(summary_html(inputs))
    assert "No weights and no trades were decided." in says["plan"]
    assert "No order was sent." in says["orders"]
    assert "none sent" in says["verdict"]
    assert "No run has closed its books yet." in says["performance"]
    assert "No order was sent." in summary_markdown(inputs)


def test_a_plan_after_earlier_weeks_shows_their_performance(make_inputs) -> None:
    says = _says(summary_html(make_inputs(["complete", "complete", "planned"])))
    assert "$101,000.00" in says["performance"]
    assert "turnover 5.0%" in says["verdict"]
    assert "equity" not in says["verdict"]
    assert "BUY" in says["plan"]


def test_clean_data_is_said_to_be_clean(make_inputs) -> None:
    inputs = make_inputs()
    inputs = replace(inputs, cleaning_log=inputs.cleaning_log.iloc[:0])
    assert "Nothing was altered or excluded." in _says(summary_html(inputs))["cleaning"]
    assert "Nothing was altered or excluded." in summary_markdown(inputs)


def test_a_long_cleaning_log_is_cut_and_says_how_much_is_hidden(make_inputs) -> None:
    inputs = make_inputs()
    log = inputs.cleaning_log.loc[[0] * 25].reset_index(drop=True)
    cleaning = _says(summary_html(replace(inputs, cleaning_log=log)))["cleaning"]
    assert "25 repaired" in cleaning
    assert "15 more in the table cleaning_log" in cleaning


def test_provenance_lets_the_run_be_made_again(make_inputs) -> None:
    inputs = make_inputs()
    provenance = _says(summary_html(inputs))["provenance"]
    for trace in (inputs.run_id, "c" * 64, "d" * 64, "0.1.0", inputs.command, inputs.sql, '"lookback": 252'):
        assert trace in provenance
    assert f"```\n{inputs.sql}\n```" in summary_markdown(inputs)


def test_the_page_needs_no_network_and_no_script(make_inputs) -> None:
    html = summary_html(make_inputs(["complete"] * 3))
    page = Page(html)
    assert not {"script", "link", "iframe", "img", "object", "base"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        targets = [attributes.get(name) for name in ("src", "href", "xlink:href")]
        assert all(target.startswith("#") for target in targets if target)
        assert not any(name.startswith("on") for name in attributes)
    assert not re.search(r"url\((?!#)|@import", html)


def test_no_two_elements_share_an_id(make_inputs) -> None:
    page = Page(summary_html(make_inputs(["complete"] * 3)))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_both_figures_are_inline_with_their_text_alternatives(make_inputs) -> None:
    page = Page(summary_html(make_inputs(["complete"] * 3)))
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert [drawing["role"] for drawing in drawings] == ["img", "img"]
    captions = " ".join(page.sections["performance"].split())
    assert all(drawing["aria-label"] in captions for drawing in drawings)


def test_hostile_text_is_shown_and_never_run(make_inputs) -> None:
    inputs = make_inputs(
        ["adjusted"], symbols=["SPY", "<b>TLT</b>", "GLD"], notes=(HOSTILE,), next_step=HOSTILE
    )
    inputs.order_plan["reason"] = HOSTILE
    inputs.orders["message"] = HOSTILE
    inputs.cleaning_log["detail"] = HOSTILE
    inputs.decisions["reasons"] = HOSTILE
    inputs.decisions["forced_because"] = HOSTILE
    inputs.remarks["text"] = HOSTILE
    inputs.shadow_prices["sentence"] = HOSTILE
    inputs = replace(inputs, command=HOSTILE, sql=HOSTILE)

    page = Page(summary_html(inputs))
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    for section in ("verdict", "plan", "why", "orders", "checks", "cleaning", "provenance"):
        assert HOSTILE in page.sections[section]

    prose = re.sub(r"^```\n.*?\n```$", "", summary_markdown(inputs), flags=re.DOTALL | re.MULTILINE)
    assert "<" not in re.sub(r"\\.", "", prose)  # but for escaped ones
    assert "alert" in prose


def test_markdown_tables_have_as_many_cells_in_every_row(make_inputs) -> None:
    inputs = make_inputs(["complete", "adjusted"])
    inputs.order_plan["reason"] = HOSTILE
    blocks = re.findall(r"(?:^\|.*\|\n)+", summary_markdown(inputs), flags=re.MULTILINE)
    assert len(blocks) == 6  # plan, why, orders, positions, performance, cleaning
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


@pytest.mark.parametrize("write", [summary_html, summary_markdown])
@pytest.mark.parametrize("outcomes", [["complete"], ["complete"] * 30 + ["adjusted", "hold", "refused"]])
def test_the_same_inputs_give_the_same_bytes(make_inputs, write, outcomes) -> None:
    assert write(make_inputs(outcomes)) == write(make_inputs(outcomes))


@pytest.mark.parametrize("frame", ["decisions", "runs"])
def test_a_run_without_its_rows_is_an_error_that_names_the_table(make_inputs, frame) -> None:
    inputs = make_inputs()
    with pytest.raises(DataError, match=f"one row of {frame}.*risk_parity-2015-W23-1.*riskparity sql"):
        summary_html(replace(inputs, **{frame: getattr(inputs, frame).iloc[:0]}))


def test_inputs_cannot_be_changed_after_the_fact(make_inputs) -> None:
    with pytest.raises(FrozenInstanceError):
        make_inputs().run_id = "another"
