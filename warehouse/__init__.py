"""Where artifacts live: write-once Parquet files, and a derived DuckDB catalogue of views over them."""

from warehouse.store import Warehouse

__all__ = ["Warehouse"]
