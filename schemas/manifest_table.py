"""What a run wrote, file by file, so that years later it can be told whether all of it is still there, unaltered."""

from __future__ import annotations

import pandera.pandas as pa

from schemas.columns import Artifact


class Manifest(Artifact):
    """Every file that a run or a backtest wrote, with its checksum; written just before the run becomes visible."""

    artifact: str = pa.Field(description="Name of the artifact, as its view is called")
    uri: str = pa.Field(unique=True, description="Path of the Parquet file below the state folder")
    rows: int = pa.Field(ge=0, description="Rows in the file")
    bytes: int = pa.Field(gt=0, description="Size of the file, bytes")
    sha256: str = pa.Field(str_length=64, description="Checksum of the file as it was written, hexadecimal")
    schema_version: int = pa.Field(ge=1, description="Version of the artifact's model")
