"""Rows as Parquet and as JSON, part by part."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from flows.exporting.data_package import describe_fields
from warehouse.exchange.exported import Exported


def write_parquet_file(target: Path, exported: Exported) -> None:
    """The rows as Parquet; vintage, row count, licence and words of the columns stand in the file's metadata."""
    said = {
        "vintage": exported.vintage.words,
        "row_count": str(exported.row_count),
        "licence": exported.licence,
        "fields": json.dumps(describe_fields(exported.columns, "parquet"), ensure_ascii=False),
    }
    first = next(exported.parts)
    schema = _to_arrow(first).schema.with_metadata(said)
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for part in exported.parts:
            writer.write_table(_to_arrow(part).cast(schema))


def _to_arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())  # what older readers know


def write_json_file(target: Path, exported: Exported) -> None:
    """The rows as a JSON list, one row a line."""
    with target.open("w", encoding="utf-8") as file:
        before = "["
        for part in exported.parts:
            if part.height:
                rows = (
                    part.write_ndjson().rstrip("\n").replace("\n", ",\n")
                )  # in a text a line break is written \\n
                file.write(f"{before}\n{rows}")
                before = ","
        file.write("[]\n" if before == "[" else "\n]\n")
