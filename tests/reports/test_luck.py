"""Luck in a sentence: never certain, and never without the number of trials."""

import math

import pytest

from reports.luck import odds


def row(probabilistic=0.981, deflated=0.84, trials=23, hurdle=0.61):
    return {
        "probabilistic": probabilistic,
        "deflated": deflated,
        "trials": trials,
        "expected_maximum": hurdle,
    }


def test_both_probabilities_the_number_of_trials_and_the_hurdle():
    said = odds(row())
    assert "98.1% by this record alone, and of 84.0% since it is one of 23 configurations tried" in said
    assert "the best of 23 without skill would show 0.61" in said


def test_the_first_trial_is_not_deflated():
    assert odds(row(trials=1)).endswith("98.1% by this record alone; it is the first configuration tried.")


@pytest.mark.parametrize(
    ("probability", "written"), [(0.99999, "over 99.9%"), (1e-9, "under 0.1%"), (0.5, "50.0%")]
)
def test_nothing_is_certain(probability, written):
    assert written in odds(row(deflated=probability))


def test_no_ratio_no_words():
    assert odds(row(probabilistic=math.nan)) == ""
    assert odds(row(probabilistic=None)) == ""
