"""What holds for any market and any fault."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portfolio.cleaning import clean as cleaning
from portfolio.cleaning.clean import clean, repair
from portfolio.cleaning.panel import FIELDS, PRICES, Panel, align, apply
from schemas.errors import DataError
from schemas.parameters import CleaningParameters

FAULTS = st.one_of(
    st.tuples(st.just("print"), st.floats(0.6, 1.6)),
    st.tuples(st.just("split"), st.sampled_from([0.125, 0.5, 1.231, 2.0, 3.0])),
    st.tuples(st.just("unit"), st.sampled_from([0.01, 100.0])),
    st.tuples(st.just("zero"), st.just(0.0)),
    st.tuples(st.just("gap"), st.just(np.nan)),
    st.tuples(st.just("stale"), st.just(1.0)),
)


@pytest.fixture(scope="session")
def spoilt(market, spoil):
    """A market with faults of every class somewhere in it."""

    def build(seed: int, faults: list[tuple[tuple[str, float], int, int]], sessions: int = 160) -> Panel:
        panel = market(seed, sessions=sessions)
        for (kind, factor), row, i in faults:
            symbol = panel.symbols[i]
            if kind == "stale":
                for name in PRICES:
                    panel.field(name)[row : row + 14, i] = panel.close[row, i]
            elif kind == "split":
                panel = spoil(panel, slice(0, row), symbol, factor)
            else:
                panel = spoil(panel, row, symbol, factor, fields=["close"] if kind == "print" else PRICES)
        return panel

    return build


def cases(last_row: int = 155):
    fault = st.tuples(FAULTS, st.integers(1, last_row), st.integers(0, 4))
    return st.tuples(st.integers(0, 10_000), st.lists(fault, max_size=4))


def prices(panel: Panel) -> list[np.ndarray]:
    return [panel.field(name) for name in FIELDS]


@settings(max_examples=25, deadline=None)
@given(case=cases())
def test_repairing_twice_changes_nothing_the_second_time(spoilt, case):
    repaired, _ = repair(spoilt(*case), CleaningParameters())
    again, edits = repair(repaired, CleaningParameters())
    assert edits == ()
    assert all(map(np.array_equal, prices(repaired), prices(again), [True] * 5))


@settings(max_examples=25, deadline=None)
@given(case=cases())
def test_the_log_alone_leads_from_the_bars_delivered_to_the_bars_used(spoilt, case):
    panel = spoilt(*case)
    repaired, edits = repair(panel, CleaningParameters())
    assert all(map(np.array_equal, prices(apply(panel, edits)), prices(repaired), [True] * 5))


@settings(max_examples=25, deadline=None)
@given(case=cases())
def test_returns_are_finite_long_enough_and_every_absence_is_explained(spoilt, case):
    panel = spoilt(*case)
    cleaned = clean(panel, CleaningParameters(min_assets=1), min_history=120)
    excluded = {edit.symbol for edit in cleaned.edits if edit.action == "excluded"}
    assert set(cleaned.symbols) | excluded == set(panel.symbols)
    assert not set(cleaned.symbols) & excluded
    assert cleaned.returns.shape == (len(cleaned.sessions), len(cleaned.symbols))
    assert len(cleaned.returns) >= 120
    assert np.isfinite(cleaned.returns).all()
    assert (cleaned.returns > -1).all()


@settings(max_examples=15, deadline=None)
@given(case=cases(), order=st.permutations(range(5)))
def test_the_order_of_symbols_and_rows_means_nothing(spoilt, delivered, case, order):
    panel = spoilt(*case)
    rows = delivered(panel)
    shuffled = np.random.default_rng(case[0]).permutation(len(rows[0]))
    first, _ = align(*rows, panel.sessions)
    second, _ = align(*(column[shuffled] for column in rows), panel.sessions)
    permuted = Panel(
        tuple(first.symbols[i] for i in order),
        first.sessions,
        *(matrix[:, order] for matrix in prices(first)),
    )
    base = clean(first, CleaningParameters(min_assets=1), min_history=120)
    for other in (second, permuted):
        cleaned = clean(other, CleaningParameters(min_assets=1), min_history=120)
        columns = [cleaned.symbols.index(symbol) for symbol in base.symbols]
        assert np.array_equal(cleaned.returns[:, columns], base.returns)
        assert sorted(cleaned.edits, key=repr) == sorted(base.edits, key=repr)


@settings(max_examples=15, deadline=None)
@given(case=cases(), power=st.integers(-6, 6), i=st.integers(0, 4))
def test_the_scale_of_a_price_means_nothing(spoilt, case, power, i):
    # Powers of two, so that not even rounding can differ.
    panel = spoilt(*case)
    scale = np.ones(5)
    scale[i] = 2.0**power
    scaled = replace(panel, **{name: panel.field(name) * scale for name in PRICES})
    base = clean(panel, CleaningParameters(min_assets=1), min_history=120)
    other = clean(scaled, CleaningParameters(min_assets=1), min_history=120)
    assert other.symbols == base.symbols
    assert np.array_equal(other.returns, base.returns)
    assert [(e.symbol, e.session, e.rule, e.action) for e in other.edits] == [
        (e.symbol, e.session, e.rule, e.action) for e in base.edits
    ]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), kind=FAULTS, row=st.integers(30, 110), i=st.integers(0, 4))
def test_later_sessions_change_no_judgement_but_that_of_the_newest_print(spoilt, seed, kind, row, i):
    panel = spoilt(seed, [(kind, row, i)], sessions=200)
    judged = slice(0, row + 30)
    known = Panel(panel.symbols, panel.sessions[judged], *(matrix[judged] for matrix in prices(panel)))
    before, after = (repair(p, CleaningParameters())[1] for p in (known, panel))
    settled = known.sessions[-2].item()
    assert [e for e in before if e.session < settled] == [e for e in after if e.session < settled]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000), assets=st.sampled_from([1, 2, 5]))
def test_a_market_without_faults_is_left_alone(market, seed, assets):
    assert repair(market(seed, assets=assets), CleaningParameters())[1] == ()


def test_bars_that_never_come_to_rest_are_an_error_not_an_endless_loop(spoilt, monkeypatch):
    monkeypatch.setattr(cleaning, "PASSES", 1)
    with pytest.raises(DataError) as failure:
        repair(spoilt(1, [(("print", 1.3), 60, 2)]), CleaningParameters())
    assert list(failure.value.figures) == ["TLT"]
