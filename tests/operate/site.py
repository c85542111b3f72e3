"""An operator, an exchange on which weeks pass, and what is stored of them: what happened, counted where it happened."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import dataclass

from prefect.client.schemas.objects import FlowRun

from schemas.identity import IsoWeek
from tests.conftest import RunningExchange
from tests.operate.operator import Operator
from warehouse import Warehouse

BARS = "/v2/stocks/bars"
UNAUTHORIZED = {
    "action": "status",
    "status": 401,
    "times": None,
    "answer": {"code": 40110000, "message": "unauthorized."},
}


@dataclass
class Site:
    """One state folder with its exchange, and somebody who works with the server."""

    operator: Operator
    exchange: RunningExchange
    weeks: int = 0

    @property
    def store(self) -> Warehouse:
        return Warehouse(self.exchange.home)

    @property
    def day(self) -> dt.date:
        return dt.date.fromisoformat(self.exchange.control.state()["session"])

    def run_id(self, attempt: int = 1) -> str:
        """Of a run of the exchange's week."""
        return f"risk_parity-{IsoWeek.of(self.day)}-{attempt}"

    def name_of(self, run: FlowRun) -> str:
        """The run that a flow run was, as its state tells."""
        return run.state.message.partition(". ")[0]

    def next_week(self) -> dict[str, object]:
        """Move on to a week nobody has traded; parameters with which there is something to trade in it."""
        if self.weeks:
            self.exchange.control.advance("next_week")
        self.weeks += 1
        return {"strategy": {"name": "risk_parity", "max_weight": 0.36 - 0.01 * self.weeks}}

    def refuse(self, path: str) -> None:
        """The exchange refuses whoever asks for that, until it is mended."""
        self.exchange.control.set_faults({"path": path, **UNAUTHORIZED})

    def mend(self) -> None:
        self.exchange.control.set_faults()

    def asked(self, path: str) -> int:
        """How often the exchange was asked for something."""
        return sum(r["path"] == path for r in self.exchange.control.requests())

    def posts(self, run_id: str = "") -> Counter[str]:
        """How often the exchange was sent each order of a run."""
        requests = self.exchange.control.requests()
        sent = Counter(json.loads(r["body"])["client_order_id"] for r in requests if r["method"] == "POST")
        return Counter({name: times for name, times in sent.items() if name.startswith(run_id)})

    def written(self) -> dict[str, int]:
        """When each artifact of the week's first run was written."""
        paths = self.store.root.glob(f"artifacts/*/*/{self.run_id()}.parquet")
        return {path.parent.parent.name: path.stat().st_mtime_ns for path in paths}

    def expect(self, run: FlowRun, tasks: dict[str, str]) -> None:
        """That the tasks of the last attempt at a run stand so."""
        assert self.operator.tasks(run, until=tasks) == tasks
