"""Shapes of answers: what counts as a difference between the loopback exchange and Alpaca, and what does not."""

from brokerage.shapes import differences, shape


def test_a_shape_has_kinds_and_no_values():
    answer = {
        "cash": "100.5",
        "blocked": False,
        "legs": None,
        "at": "2015-06-01T10:00:00Z",
        "SPY": [{"p": 1}],
    }

    assert shape(answer) == {
        "cash": {"decimal text"},
        "blocked": {"boolean"},
        "legs": {"null"},
        "at": {"instant or date"},
        "SYMBOL[].p": {"number"},
    }


def test_missing_extra_and_other_kinds_are_named():
    ours = {"account": shape({"cash": "1", "only_here": True})}
    theirs = {"account": shape({"cash": 1, "new_there": "x"})}

    assert differences(ours, theirs) == [
        "account: new_there is missing on the loopback exchange (text)",
        "account: only_here is only on the loopback exchange",
        "account: cash is decimal text here, number there",
    ]


def test_a_null_and_an_empty_list_prove_nothing():
    assert differences({"orders": shape([])}, {"orders": shape([{"qty": "1"}])}) == []
    assert differences({"orders": shape([{"qty": None}])}, {"orders": shape([{"qty": "1"}])}) == []
