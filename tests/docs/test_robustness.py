"""What docs/robustness.md promises: its commands are understood and make as many points as it says, its verdicts are the code's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest

from config import load_settings
from config.sweep_overrides import sweep_parameters
from flows.runner import app
from portfolio.sensitivity import Verdict
from strategies.sweep_design import Design

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "robustness.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```\n(riskparity .+?)```", TEXT, flags=re.DOTALL)
POINTS = {
    int(count.replace(",", "")) for count in re.findall(r"^([\d,]+) points over", TEXT, flags=re.MULTILINE)
}


def _arguments(command):
    words = shlex.split(command.replace("\\\n", " ").replace("$", ""))
    return app.parse_args(words[1:], exit_on_error=False)[1].arguments


def _design(command):
    given = dict(_arguments(command))
    named = {"subset_size", "subsets", "leave_one_out"} & set(given)
    settings = load_settings()
    parameters = sweep_parameters(
        settings, "risk_parity", given.get("overrides", ()), **{name: given[name] for name in named}
    )
    universe = given.get("universe", "bundled")
    return Design(parameters, tuple(settings.universes[universe].symbols))


@pytest.mark.parametrize("command", BLOCKS)
def test_every_command_is_understood(command):
    assert _arguments(command)["strategy"] == "risk_parity"


def test_sweeps_make_as_many_points_as_the_text_says():
    sweeps = [command for command in BLOCKS if command.startswith("riskparity sweep")]
    assert len(POINTS) >= 3
    assert {len(_design(command)) for command in sweeps} >= POINTS


def test_every_verdict_that_a_curve_can_get_is_explained():
    for verdict in set(get_args(Verdict)) - {"too few values"}:
        assert f"| {verdict} |" in TEXT


def test_figures_and_links_exist():
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert (PAGE.parent / target).is_file(), target
