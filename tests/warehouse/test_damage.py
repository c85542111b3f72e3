"""Damaged files are named, with what to do; the catalogue, which holds nothing, is simply made again."""

import datetime as dt

import pytest

from schemas.errors import DataError
from schemas.identity import Run
from warehouse import Warehouse
from warehouse.catalogue import CATALOGUE, publish
from warehouse.query import query

NOON = dt.datetime(2015, 6, 1, 16, tzinfo=dt.UTC)
RUN = Run(
    strategy="risk_parity", session=NOON.date(), decided_at=NOON, venue="loopback", account="loopback-1"
)


@pytest.mark.parametrize("left", [0, 100])
def test_a_truncated_artifact_is_named(tmp_path, left):
    store = Warehouse(tmp_path)
    reference = store.commit(RUN, "complete", flow_run_id=None, code_version="1")
    path = tmp_path / reference.uri
    path.write_bytes(path.read_bytes()[:left])

    with pytest.raises(DataError, match=r"risk_parity-2015-W23-1\.parquet is damaged"):
        store.runs("risk_parity", "loopback-1")


def test_a_damaged_catalogue_is_made_again(tmp_path):
    publish(tmp_path)
    catalogue = tmp_path / CATALOGUE
    catalogue.chmod(0o644)
    catalogue.write_bytes(b"no database")

    assert query(tmp_path, "from runs").num_rows == 0
