"""What must be said of simulated accounts, or ends the backtest: ruin, no decision, a short life, halts, prices that end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from portfolio.simulation import Simulation
from schemas.errors import ConfigError, InfeasibleError
from schemas.metrics import SESSIONS_A_YEAR
from tasks.backtest_lineup import SIXTY_FORTY, Entrant


def day_of_ruin(account: Simulation) -> dt.date | None:
    """The first session at whose close nothing is left; none when there is none."""
    rows = np.flatnonzero(account.equity <= 0.0)
    return account.sessions[rows[0]].item() if len(rows) else None


def ruined(name: str, day: dt.date, leverage: float) -> ConfigError:
    """The error for a strategy that owes more than it has."""
    return ConfigError(
        f"{name} is ruined on {day}: it owes more than it has",
        figures={"leverage": leverage},
        remedy="Lower the leverage (--set rules.leverage=1), or begin later (--start DATE).",
    )


def require_decisions(name: str, account: Simulation) -> None:
    """Refuse to report on an account that never had weights.

    Raises:
        InfeasibleError: Every decision was refused; says the first reason.
    """
    decisions = account.decisions
    if set(decisions.marks) == {"skipped"}:
        raise InfeasibleError(
            f"{name} could decide on no weights, not once",
            figures={
                "decisions": len(decisions.marks),
                f"on {decisions.decided[0]}": decisions.reasons[0],
            },
            remedy="Relax the limits named there (--set KEY=VALUE), or widen the universe (--universe A,B,C).",
        )


def remarks_on(
    entrants: Sequence[Entrant], accounts: Mapping[str, Simulation], ruins: Mapping[str, dt.date]
) -> list[str]:
    """What a reader of the results has to know of the accounts, in sentences.

    Args:
        entrants: The strategy, its benchmark, the others.
        accounts: Of those that were not ruined.
        ruins: Those that were, and when.
    """
    strategy, benchmark = entrants[0], entrants[1]
    account = accounts[strategy.name]
    notes = _brevity(account)
    if SIXTY_FORTY in accounts:
        notes.append(f"60/40 is {' and '.join(accounts[SIXTY_FORTY].symbols)}, rebalanced by the same rules.")
    plain = f"{benchmark.name} and 60/40 are" if SIXTY_FORTY in accounts else f"{benchmark.name} is"
    if strategy.rules.leverage != 1.0:
        notes.append(f"Leverage {strategy.rules.leverage:g} is that of the strategies; {plain} not levered.")
    if buffer := strategy.strategy.parameters.cash_buffer:
        notes.append(f"Strategies keep {buffer:.1%} of equity in cash; {plain} fully invested.")
    notes += [f"{name} is left out: at this leverage it is ruined on {day}." for name, day in ruins.items()]
    return notes + _halts(account) + _ends(account)


def _brevity(account: Simulation) -> list[str]:
    returns = len(account.equity) - 1
    if returns >= SESSIONS_A_YEAR:
        return []
    return [
        f"Only {returns} sessions after the first, less than a year: annual figures and their intervals say little of a year."
    ]


def _halts(account: Simulation) -> list[str]:
    held = (account.shares > 0.0) & account.history.halted[account.first :]
    sessions = {
        symbol: count
        for symbol, count in zip(account.symbols, held.sum(axis=0).tolist(), strict=True)
        if count
    }
    if not sessions:
        return []
    said = ", ".join(f"{symbol} ({count} sessions)" for symbol, count in sessions.items())
    return [f"Held without prices, at the last close, and not traded meanwhile: {said}."]


def _ends(account: Simulation) -> list[str]:
    trades = account.trades
    ended = trades.decisions == -1
    if not ended.any():
        return []
    said = ", ".join(
        f"{account.symbols[asset]} (${-shares * price:,.0f} on {session})"
        for asset, shares, price, session in zip(
            trades.assets[ended],
            trades.shares[ended],
            trades.prices[ended],
            trades.sessions[ended],
            strict=True,
        )
    )
    return [f"Sold at the last close, because prices end: {said}."]
