"""Weeks in which things go wrong; ``make drive`` lives through twenty whole years of them."""

from __future__ import annotations

import pytest

from tests.e2e.year import drive

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.mark.parametrize("seed", [1, 2])
def test_scenario_69_weeks_of_random_faults_splits_and_dividends_all_end_at_target(tmp_path, seed):
    year = drive(tmp_path, seed, weeks=6)

    assert year.unmet() == []
    assert sum(week.faults.total() for week in year.weeks) > 0
