"""The table of scenarios in docs/safety.md: seventy of them, each with exactly the tests that bear its number."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
TABLE = {
    int(number): set(re.findall(r"`(test_\w+)`", tests))
    for number, tests in re.findall(r"^\| (\d\d) \|[^|]+\|([^|]+)\|$", PAGE, flags=re.MULTILINE)
}


@pytest.fixture(scope="module")
def written():
    """The tests of each number."""
    names = defaultdict(set)
    for module in (ROOT / "tests").rglob("test_*.py"):
        for name, number in re.findall(
            r"def (test_scenario_(\d\d)_\w+)\(", module.read_text(encoding="utf-8")
        ):
            names[int(number)].add(name)
    return names


@pytest.mark.parametrize("number", range(1, 71))
def test_a_scenario_is_listed_with_the_tests_that_prove_it(written, number):
    assert TABLE[number] == written[number] != set()


def test_no_other_numbers_are_in_use(written):
    assert sorted(TABLE) == sorted(written) == list(range(1, 71))
