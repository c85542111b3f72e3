"""Stages of a weekly run: their order, what each writes, and which one mends what."""

from __future__ import annotations

from typing import get_args

import pytest

from schemas.artifacts import ARTIFACTS
from schemas.stages import STAGES, WRITES, FirstStage, before, remedy


def test_every_stage_rests_on_those_before_it():
    assert before("ingestion") == ()
    assert before("plan") == ("ingestion", "cleaning", "take stock", "optimization")
    assert get_args(FirstStage) == (*STAGES, "report")


def test_what_a_stage_writes_is_an_artifact_and_of_no_other_stage():
    written = [name for stage in STAGES for name in WRITES[stage]]

    assert set(written) <= set(ARTIFACTS)
    assert len(written) == len(set(written))


@pytest.mark.parametrize(("artifact", "stage"), [("window_bars", "ingestion"), ("notes", "optimization")])
def test_what_is_damaged_is_mended_by_its_stage(artifact, stage):
    assert f'riskparity runs resume risk_parity-2015-W23-1 --from "{stage}"' in remedy(
        artifact, "risk_parity-2015-W23-1"
    )


@pytest.mark.parametrize("artifact", ["fills", "claims", "performance", "trials"])
def test_what_came_of_orders_is_not_made_again(artifact):
    assert "resume" not in remedy(artifact, "risk_parity-2015-W23-1")
    assert "backup" in remedy(artifact, "risk_parity-2015-W23-1")
