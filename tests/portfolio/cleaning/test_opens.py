"""An account trades at opens when nearly all of them are known, and the log says which are not."""

from dataclasses import replace

import numpy as np

from portfolio.cleaning.opens import opens_or_closes
from portfolio.cleaning.years import price_history


def known_opens(panel, symbol, rows):
    """The panel with opens of one symbol on these rows only."""
    opens = panel.open.copy()
    opens[~np.isin(np.arange(len(opens)), rows), panel.symbols.index(symbol)] = np.nan
    return replace(panel, open=opens)


def test_where_an_open_is_missing_the_close_of_the_session_stands_in(market):
    panel = known_opens(market(), "GLD", range(4, 160))
    opens, remarks = opens_or_closes(panel, panel.close)

    gld = panel.symbols.index("GLD")
    assert opens[:4, gld].tolist() == panel.close[:4, gld].tolist()
    assert opens[4:, gld].tolist() == panel.open[4:, gld].tolist()
    assert [(edit.symbol, edit.detail) for edit in remarks] == [
        ("GLD", "2.50% of its opens are missing: the close of the session stands in")
    ]


def test_a_single_open_does_not_make_an_asset_tradable_there(market, params):
    panel = known_opens(market(), "GLD", [0])
    history, edits = price_history(panel, params)

    assert history.open is None
    (remark,) = edits
    assert (remark.symbol, remark.rule) == ("GLD", "missing_opens")
    assert "0.6% of its closes have an open" in remark.detail


def test_an_open_is_known_exactly_where_an_asset_is_listed(market):
    panel = market()
    close = panel.close.copy()
    close[150:, 0] = np.nan
    opens, remarks = opens_or_closes(panel, close)

    np.testing.assert_array_equal(np.isnan(opens), np.isnan(close))
    assert remarks == []


def test_where_only_closes_were_ever_known_there_is_nothing_to_remark(market):
    panel = market()
    assert opens_or_closes(replace(panel, open=np.full_like(panel.open, np.nan)), panel.close) == (None, [])
