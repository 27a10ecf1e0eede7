"""Frictionless data packages: a descriptor that says what a file holds, of which night, and how it may be used."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.exchange.exported import Exported, ExportedColumn
from warehouse.ledger.durability import write_durably

DESCRIPTOR = "datapackage.json"
_LEGEND = "0 为真零；数值为空的看状态（state）一列；百分比以百分之几计（0—100）。"
_AS_TEXT = "以 = + - @ 或制表符等开头的文本，前面加了一个撇号，以免被当作公式。"
_MEDIA = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "duckdb": "application/vnd.duckdb",
}


def write_descriptor(target: Path, exported: Exported, file_name: str, kind: str) -> None:
    """The descriptor of one file as ``target``."""
    text = json.dumps(describe_file(exported, file_name, kind), ensure_ascii=False, indent=2)
    write_durably(target, f"{text}\n".encode())


def describe_file(exported: Exported, file_name: str, kind: str) -> dict[str, Any]:
    """The descriptor of a package with the one file ``file_name`` of ``kind``: csv, json, parquet or duckdb."""
    resource: dict[str, Any] = {
        "name": "data",
        "path": file_name,
        "format": kind,
        "mediatype": _MEDIA[kind],
        "encoding": "utf-8",
        "title": exported.asked,
        "row_count": exported.row_count,
    }
    if kind != "duckdb":
        resource |= {"type": "table", "schema": {"fields": describe_fields(exported.columns, kind)}}
    published_at = exported.vintage.published_at
    return {
        "name": "nianbao",
        "title": f"年报：{exported.asked}",
        "description": f"{exported.vintage.words}。{_LEGEND}{_AS_TEXT if kind == 'csv' else ''}",
        "version": published_at.isoformat() if published_at else "",
        "vintage": {
            "run": exported.vintage.run,
            "published_at": published_at.isoformat() if published_at else None,
            "journal_count": exported.vintage.journal_count,
            "code_version": exported.vintage.code_version,
            "catalogue_version": exported.vintage.catalogue_version,
        },
        "row_count": exported.row_count,
        "licenses": [{"name": "LicenseRef-nianbao", "title": exported.licence}],
        "resources": [resource],
    }


def describe_fields(columns: Iterable[ExportedColumn], kind: str) -> list[dict[str, Any]]:
    """The fields of a table: name and type in a file of ``kind``, Chinese name and meaning."""
    return [_describe(column, kind) for column in columns]


def _describe(column: ExportedColumn, kind: str) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "type": _field_type(column.dtype, kind)}
    if field["type"] == "datetime" and kind != "parquet":
        field["format"] = "any"
    if column.name_zh:
        field["title"] = column.name_zh
    if column.meaning:
        field["description"] = column.meaning
    return field


def _field_type(dtype: pl.DataType, kind: str) -> str:
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "number"
    if dtype.is_nested():
        return "string" if kind == "csv" else "object" if isinstance(dtype, pl.Struct) else "array"
    names = {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "datetime", pl.Time: "time"}
    return next((name for known, name in names.items() if isinstance(dtype, known)), "string")


def pack_folder(folder: Path, target: Path) -> None:
    """The files of ``folder`` as the zip file ``target``."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # Parquet is compressed already
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
