from __future__ import annotations

import numpy as np

from portfolio.cleaning.panel import FIELDS, Edit, align, apply


def test_rows_come_out_as_they_went_in_whatever_their_order(market, delivered):
    panel = market()
    rows = delivered(panel)
    shuffled = np.random.default_rng(1).permutation(len(rows[0]))
    aligned, edits = align(*(column[shuffled] for column in rows), panel.sessions)
    assert aligned.symbols == tuple(sorted(panel.symbols))
    order = [panel.symbols.index(symbol) for symbol in aligned.symbols]
    for name in FIELDS:
        assert np.array_equal(aligned.field(name), panel.field(name)[:, order])
    assert edits == ()


def test_a_session_without_a_row_is_missing(market, delivered):
    panel = market()
    rows = [np.delete(column, 12) for column in delivered(panel)]
    aligned, _ = align(*rows, panel.sessions)
    missing = np.argwhere(np.isnan(aligned.close))
    assert missing.tolist() == [[2, aligned.symbols.index("TLT")]]


def test_rows_off_the_calendar_are_removed_and_named(market, delivered):
    panel = market()
    rows = delivered(panel)
    saturday = np.datetime64("2014-06-07")
    weekend = [np.append(column, column[-1:]) for column in rows]
    weekend[1][-1] = saturday
    aligned, (edit,) = align(*weekend, panel.sessions)
    assert np.array_equal(aligned.sessions, panel.sessions)
    assert (edit.rule, edit.action, edit.session) == ("off_calendar", "removed", saturday.item())


def test_an_identical_duplicate_counts_once(market, delivered):
    panel = market()
    twice = [np.append(column, column[3:4]) for column in delivered(panel)]
    aligned, (edit,) = align(*twice, panel.sessions)
    assert not np.isnan(aligned.close).any()
    assert (edit.rule, edit.symbol, edit.field) == ("duplicate", "GLD", None)


def test_of_conflicting_duplicates_only_what_they_agree_on_is_kept(market, delivered):
    panel = market()
    twice = [np.append(column, column[3:4]) for column in delivered(panel)]
    twice[5][-1] *= 1.02
    forwards, edits = align(*twice, panel.sessions)
    backwards, same_edits = align(*(column[::-1] for column in twice), panel.sessions)
    gold = forwards.symbols.index("GLD")
    assert np.isnan(forwards.close[0, gold])
    assert forwards.open[0, gold] == panel.open[0, 3]
    assert np.isnan(backwards.close[0, gold])
    assert edits == same_edits
    assert [(edit.rule, edit.field) for edit in edits] == [("duplicate", None), ("duplicate", "close")]


def test_nothing_delivered_is_an_empty_panel(market):
    nothing = [np.array([], dtype=kind) for kind in ("U4", "datetime64[D]", *["f8"] * 5)]
    panel, edits = align(*nothing, market().sessions)
    assert panel.close.shape == (160, 0)
    assert edits == ()


def test_edits_repair_remove_exclude_or_only_remark(market):
    panel = market()
    day = panel.sessions[4].item()
    edited = apply(
        panel,
        [
            Edit("SPY", day, "rule", "repaired", "close", 1.0, 123.0, ""),
            Edit("EFA", day, "rule", "removed", "high", 1.0, None, ""),
            Edit("TLT", day, "rule", "flagged", "close", 1.0, 1.0, ""),
            Edit("GLD", None, "rule", "excluded", None, None, None, ""),
        ],
    )
    assert edited.symbols == ("SPY", "EFA", "TLT", "DBC")
    assert edited.close[4, 0] == 123.0
    assert np.isnan(edited.high[4, 1])
    assert edited.close[4, 2] == panel.close[4, 2]
