"""Who has a week: the run that completed it, or one that claimed it and died with orders out."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import pandas as pd

from brokerage.client import Broker
from schemas.artifacts import ArtifactRef
from schemas.columns import naive_utc
from schemas.errors import ConfigError
from schemas.identity import Run
from schemas.results import DONE
from warehouse import Warehouse


class Holder(NamedTuple):
    """A run that has the week, and whether it finished."""

    run_id: str
    finished: bool


def week_holder(
    store: Warehouse, account: Broker, run: Run, *, today: dt.date, but: str | None = None
) -> Holder | None:
    """The run that completed or claimed the week of ``run``; none while the week is free.

    A claim of an earlier day is void when none of its orders ever reached the broker. One of today stands
    even then: an order could still be on its way, and only the same run can look for it by its id.

    Args:
        store: Where claims and markers are.
        account: The broker.
        run: Whose strategy, account and week is meant.
        today: The exchange's date.
        but: A run that does not count: the one that asks.
    """
    runs = store.runs(run.strategy, run.account)
    done = runs[(runs["iso_week"] == str(run.week)) & runs["outcome"].isin(DONE) & (runs["run_id"] != but)]
    if len(done):
        return Holder(str(done["run_id"].iloc[-1]), finished=True)
    claims = store.claims(run.account)
    ours = claims[(claims["strategy"] == run.strategy) & (claims["iso_week"] == str(run.week))]
    for run_id in reversed(ours.loc[~ours["run_id"].isin({but, *runs["run_id"]}), "run_id"].tolist()):
        claimed = opened(store, run_id)
        if claimed.session == today or _reached_the_broker(store, account, claimed):
            return Holder(run_id, finished=False)
    return None


def opened(store: Warehouse, run_id: str) -> Run:
    """The identity of a run as it was opened."""
    row = store.opening(run_id)
    return Run(
        strategy=row["strategy"],
        session=row["session"],
        attempt=int(row["attempt"]),
        decided_at=row["decided_at"].replace(tzinfo=dt.UTC),
        venue=row["venue"],
        account=row["account"],
        dry_run="-plan-" in run_id,
    )


def last_trader(store: Warehouse, account: str) -> str | None:
    """The strategy that claimed a week in the account last; none before the first."""
    claims = store.claims(account)
    return None if claims.empty else str(claims["strategy"].iloc[-1])


def last_decision(store: Warehouse, run: Run) -> pd.DataFrame:
    """Target weights of the last run before ``run`` that used up its week; empty before the first."""
    runs = store.runs(run.strategy, run.account)
    own = runs.loc[runs["run_id"] == run.run_id, "committed_at"]
    earlier = runs[runs["decided_at"] <= naive_utc(run.decided_at)]
    if len(own):  # looked at in hindsight
        earlier = earlier[earlier["committed_at"] < own.iloc[0]]
    targets = store.history("target_weights", run.strategy, run.account, DONE)
    targets = targets[targets["run_id"].isin(earlier["run_id"])]
    return targets[targets["run_id"] == targets["run_id"].iloc[-1]] if len(targets) else targets


def waiting_for_a_person(store: Warehouse, strategy: str, account: str) -> str | None:
    """The last run of the strategy in the account that needed a person, unless one has looked since."""
    runs = store.runs(strategy, account)
    needy = runs.loc[runs["outcome"] == "needs_human", "run_id"]
    if needy.empty:
        return None
    run_id = str(needy.iloc[-1])
    return None if store.find(opened(store, run_id), "acknowledgements") else run_id


def acknowledge(store: Warehouse, run_id: str, reason: str) -> ArtifactRef:
    """A person has looked at a run that needed one, and opens the account to the strategy again.

    The next run plans from what the account holds then; what the old run left open it looks up and cancels.

    Args:
        store: Where the run is.
        run_id: The run that ended ``needs_human``.
        reason: What was found and done; kept for good.

    Raises:
        ConfigError: No such run waits for a person, or there is no reason.
    """
    if not reason.strip():
        raise ConfigError("An acknowledgement needs a reason", remedy="Add --reason TEXT; it is recorded.")
    known = run_id in set(store.openings()["run_id"])
    run = opened(store, run_id) if known else None
    if run is None or waiting_for_a_person(store, run.strategy, run.account) != run_id:
        raise ConfigError(
            "No such run waits for a person",
            figures={"run": run_id},
            remedy="`riskparity sql \"from runs where outcome = 'needs_human'\"` lists those that did.",
        )
    row = {
        "strategy": run.strategy,
        "iso_week": str(run.week),
        "account": run.account,
        "reason": reason.strip(),
        "acknowledged_at": naive_utc(dt.datetime.now(dt.UTC)),
    }
    return store.put(run, "acknowledgements", [row])


def _reached_the_broker(store: Warehouse, account: Broker, run: Run) -> bool:
    plan = store.find(run, "order_plan")
    ids = [row["client_order_id"] for row in store.rows(plan)] if plan else []
    return any(account.order(client_order_id) is not None for client_order_id in ids if client_order_id)
