"""SIGKILL at every boundary of a rebalance, then the same rebalance again: nothing can be told afterwards."""

from __future__ import annotations

import os

import pytest

pytestmark = [pytest.mark.crash, pytest.mark.timeout(7200)]

EVERY = 1 if os.environ.get("KILL") == "everywhere" else 120
"""One boundary in so many is taken; the gate also takes those around an order."""
PARTS = 2 if EVERY > 1 else 20
A_FEW_CENTS = 0.05
"""Buys that are scaled to the cash there is are cut to whole cents anew by the run that goes on (USD)."""


def chosen(boundaries):
    """A fixed sample, and everything around the sending of an order."""
    return [
        boundary
        for index, boundary in enumerate(boundaries)
        if index % EVERY == 0 or ("POST /v2/orders" in boundary.what and boundary.nth == 2)
    ]


def as_if_nothing_had_been(after, undisturbed):
    assert after.apart(undisturbed) < A_FEW_CENTS
    assert after.trades == undisturbed.trades
    assert after.outcomes.count("complete") == 1
    assert after.orphans == []
    assert after.violations == []


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rebalance_killed_anywhere_and_run_again_ends_as_if_nothing_had_been(site, undisturbed, part):
    for boundary in chosen(undisturbed.boundaries)[part::PARTS]:
        print(boundary)  # noqa: T201 - which one it was, when it fails
        with site() as here:
            assert here.rebalance(boundary).finish()[0] == "killed"
            assert here.rebalance().finish()[0] in {"complete", "refused"}
            as_if_nothing_had_been(here.aftermath(), undisturbed.aftermath)


def test_scenario_12_killed_between_intent_and_post_the_order_is_placed_once(site, undisturbed):
    killed_and_run_again(site, undisturbed, "send POST /v2/orders", nth=1, arrived=0)


def test_scenario_13_killed_between_post_and_the_note_of_its_answer_the_order_is_adopted(site, undisturbed):
    killed_and_run_again(site, undisturbed, "answered POST /v2/orders", nth=1, arrived=1)


def test_scenario_14_killed_after_the_sells_nothing_is_sold_twice_and_buys_are_sized_from_cash(
    site, undisturbed
):
    sells = sum(n for (side, _), n in undisturbed.aftermath.trades.items() if side == "sell")
    assert sells > 0

    killed_and_run_again(site, undisturbed, "send POST /v2/orders", nth=sells + 1, arrived=sells)


def killed_and_run_again(site, undisturbed, what, *, nth, arrived):
    boundary = next(b for b in undisturbed.boundaries if (b.what, b.nth) == (what, nth))
    with site() as here:
        assert here.rebalance(boundary).finish()[0] == "killed"
        assert len(here.orders()) == arrived
        assert here.rebalance().finish()[0] == "complete"
        as_if_nothing_had_been(here.aftermath(), undisturbed.aftermath)


def test_scenario_15_of_two_processes_that_start_together_one_trades_and_one_is_told(site, undisturbed):
    with site() as here:
        ends = sorted(run.finish()[0] for run in [here.rebalance(), here.rebalance()])

        assert ends[0] == "complete"
        assert ends[1].startswith("refused: Another run is under way")
        as_if_nothing_had_been(here.aftermath(), undisturbed.aftermath)
