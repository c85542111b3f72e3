"""Somebody who looks into the warehouse all the time, in a process of its own, which knows nothing but DuckDB.

``python reader.py CATALOGUE`` prints a line when it has begun, asks until its standard input ends, and then tells as JSON what it saw.
"""

import json
import sys
import threading

import duckdb

WRITTEN = (
    "returns", "target_weights", "order_plan", "orders", "fills", "positions", "performance", "decisions",
)  # fmt: skip
COUNTED = " union all ".join(f"select run_id, '{name}' as artifact, count(*) as n from {name} group by 1" for name in WRITTEN)  # fmt: skip
HALVES = f"""select count(*) from (from artifacts where artifact in {WRITTEN} and rows > 0)
             full join ({COUNTED}) using (run_id, artifact) where rows is distinct from n"""
"""A run is whole when each of its tables has the rows that the list of what it wrote says."""


def main(catalogue: str) -> None:
    """Keep one transaction open all the time, and ask again and again beside it."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    with duckdb.connect(catalogue, read_only=True) as session, session.cursor() as held:
        held.execute("begin")
        before = runs(held)
        tell("begun")
        halves, seen, last = 0, set(), False
        while not last:
            last = ended.is_set()  # one whole look after the end
            halves += session.execute(HALVES).fetchone()[0]
            seen.add(runs(session))
        told = {"halves": halves, "seen": sorted(seen), "held": [before, runs(held)]}
    tell(json.dumps(told))


def tell(line: str) -> None:
    """Say a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def runs(session: duckdb.DuckDBPyConnection) -> int:
    """How many runs there are."""
    return session.execute("select count(*) from runs").fetchone()[0]


if __name__ == "__main__":
    main(sys.argv[1])
