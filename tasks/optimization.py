"""Optimization: from cleaned returns to certified target weights."""

from __future__ import annotations

from portfolio.compiled import is_kept
from portfolio.start import minimised
from schemas.artifacts import ArtifactRef
from schemas.parameters import StrategyParameters
from schemas.results import Opening
from schemas.stages import WRITES
from strategies.window import Allocation
from tasks.derivation import weight_rows
from tasks.stage import adopted, journal, say, stage, warehouse
from tasks.week import last_decision

WRITTEN = WRITES["optimization"]


@stage("optimization")
def choose_weights(
    opening: Opening, returns: ArtifactRef, holdings: ArtifactRef, parameters: StrategyParameters
) -> tuple[ArtifactRef, ...]:
    """Let the strategy decide, and explain it; write the artifacts ``WRITTEN`` and hand them on in this order.

    Raises:
        InfeasibleError: No weights satisfy the constraints; the conflicting rows are named.
        SolverError: The weights could not be certified.
        DataError: Too little history.
    """
    store, run = warehouse(), opening.run
    if found := adopted(run, *WRITTEN):
        return found
    if not is_kept(minimised):
        say("compiling the optimiser, once after an installation or update: up to a minute")
    allocation, content = weight_rows(
        store.get(returns),
        store.get(holdings),
        last_decision(store, run),
        parameters,
        opening.hedges,
        journal(run),
    )
    remarks = (allocation.fallback, *allocation.notes)
    say("; ".join(filter(None, [_in_short(allocation), *remarks])))
    return tuple(store.put(run, name, content[name]) for name in WRITTEN)


def _in_short(allocation: Allocation) -> str:
    held = int((allocation.weights > 0).sum())
    proof = allocation.certificate
    certified = f", relative gap {proof.relative_gap:.0e}" if proof else ""
    return f"{held} of {len(allocation.symbols)} assets, {allocation.weights.sum():.1%} invested{certified}"
