"""The stages of a weekly run in their order, and what each writes: what can be done again, and what mends what."""

from __future__ import annotations

from typing import Literal, get_args

Stage = Literal["ingestion", "cleaning", "take stock", "optimization", "plan", "execution"]
"""Where a run can be begun again; the guard always judges anew, and what comes after orders follows from them."""

FirstStage = Literal[Stage, "report"]
"""What a run can be resumed from: the report rests on nothing that would have to be done again."""

STAGES: tuple[Stage, ...] = get_args(Stage)

WRITES: dict[Stage, tuple[str, ...]] = {
    "ingestion": ("window_bars",),
    "cleaning": ("returns", "cleaning_log"),
    "take stock": ("holdings",),
    "optimization": ("target_weights", "certificates", "explanations", "shadow_prices", "notes"),
    "plan": ("decisions", "order_plan"),
    "execution": ("orders", "fills", "positions"),
}
"""The artifacts of a stage, in the order in which it hands them on. Each stage rests on all stages before it."""


def before(stage: Stage) -> tuple[Stage, ...]:
    """The stages that ``stage`` rests on.

    >>> before("take stock")
    ('ingestion', 'cleaning')
    """
    return STAGES[: STAGES.index(stage)]


RESTORE = "restore the state folder from a backup: `riskparity warehouse restore FOLDER`"


def remedy(artifact: str, run_id: str, otherwise: str = RESTORE) -> str:
    """What a person does when an artifact of a run cannot be used: its stage again, while no order rests on it.

    Args:
        artifact: Its name.
        run_id: The run that wrote it.
        otherwise: What else helps.
    """
    stage = next((name for name, written in WRITES.items() if artifact in written), None)
    if stage is None or stage == "execution":
        return f"It cannot be made again: {otherwise}."
    return (
        f"Do '{stage}' again, and what follows from it: `riskparity runs resume {run_id} --from \"{stage}\"`, or the "
        f"deployment resume. Or {otherwise}."
    )
