"""Artifact models: complete, explained, and convertible to Arrow without loss."""

import pyarrow as pa
import pytest

from schemas.artifacts import ARTIFACTS, arrow_schema


@pytest.mark.parametrize("name", ARTIFACTS)
def test_every_column_is_explained_and_strict(name):
    schema = ARTIFACTS[name].model.to_schema()

    assert schema.strict
    assert not schema.coerce
    assert [column for column, spec in schema.columns.items() if not spec.description] == []
    assert ARTIFACTS[name].model.__doc__


@pytest.mark.parametrize("name", ARTIFACTS)
def test_every_artifact_begins_with_the_run_that_wrote_it(name):
    assert arrow_schema(ARTIFACTS[name].model).names[0] == "run_id"


def test_money_is_exact_and_instants_have_no_zone():
    schema = arrow_schema(ARTIFACTS["orders"].model)

    assert schema.field("qty").type == pa.decimal128(24, 9)
    assert schema.field("submitted_at").type == pa.timestamp("us")
    assert arrow_schema(ARTIFACTS["performance"].model).field("orders").type == pa.int64()
