"""A strategy's output folder: what it last recorded of its state, status and performance, in plain files.

The same records go into the warehouse with each run (``strategy_log``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from schemas.columns import naive_utc
from schemas.identity import Run, Trial
from warehouse import files


@dataclass(frozen=True)
class OutputJournal:
    """Keeps what the framework records of a strategy during ``run`` below ``output/<strategy>/``.

    Recording again during the same run replaces what it recorded before, so a retried task repeats nothing. A backtest
    keeps its own in ``output/<strategy>/backtest/``, and touches nothing that was lived.
    """

    root: Path
    run: Run | Trial

    def record_state(self, strategy: str, state: Mapping[str, object]) -> None:
        """Replace ``state.json``."""
        self._write(strategy, "state.json", state)

    def record_status(self, strategy: str, status: Mapping[str, object]) -> None:
        """Replace ``status.json``."""
        self._write(strategy, "status.json", status)

    def record_performance(self, strategy: str, performance: Mapping[str, object]) -> None:
        """Add or replace the run's row in ``performance.csv``."""
        path = self._folder(strategy) / "performance.csv"
        row = pd.DataFrame([{"run_id": self.run.run_id, **performance}])
        if path.exists():
            before = pd.read_csv(path, dtype=str)
            row = pd.concat([before[before["run_id"] != self.run.run_id], row.astype(str)])
        files.replace(path, row.to_csv(index=False).encode())

    def log(self, strategy: str, line: str) -> None:
        """Append to ``strategy.log``, stamped with the exchange's time of the run."""
        path = self._folder(strategy) / "strategy.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(
                f"{self.run.decided_at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%SZ} {self.run.run_id} {line}\n"
            )

    def records(self, strategy: str, performance: Mapping[str, object]) -> list[dict[str, object]]:
        """The run's records as rows of ``strategy_log``."""
        folder = self._folder(strategy)
        kept = {kind: folder / f"{kind}.json" for kind in ("state", "status")}
        contents = {kind: path.read_text() for kind, path in kept.items() if path.exists()}
        contents["performance"] = _json(performance)
        recorded_at = naive_utc(self.run.decided_at)
        return [
            {"strategy": strategy, "kind": kind, "content": content, "recorded_at": recorded_at}
            for kind, content in contents.items()
        ]

    def _write(self, strategy: str, name: str, content: Mapping[str, object]) -> None:
        stamped = {"run_id": self.run.run_id, "decided_at": self.run.decided_at.isoformat(), **content}
        files.replace(self._folder(strategy) / name, _json(stamped).encode())

    def _folder(self, strategy: str) -> Path:
        lived = self.root / "output" / strategy
        return lived / "backtest" if isinstance(self.run, Trial) else lived


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, default=str)
