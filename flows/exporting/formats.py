"""The kinds of files that can be exported, and what is written for each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.exporting.columnar import write_json_file, write_parquet_file
from flows.exporting.csv_text import write_csv_file
from flows.exporting.data_package import DESCRIPTOR, pack_folder, write_descriptor
from flows.exporting.refused import ExportRefused
from flows.exporting.sdmx_csv import STRUCTURE_SUFFIX, write_sdmx_files
from flows.exporting.workbook import write_xlsx
from warehouse.exchange.exported import Exported, open_exported
from warehouse.ledger.durability import make_folder, writing_durably

PART = 8_192
"""Rows that are in memory at a time."""
WHOLE = "mart.indicator"
"""The table that is exported where none is named, and whose rows are counted in a copy of the whole file."""
KINDS = {
    "csv": ".csv",
    "xlsx": ".xlsx",
    "parquet": ".parquet",
    "json": ".json",
    "datapackage": ".zip",
    "sdmx": ".sdmx.csv",
    "duckdb": ".duckdb",
}
"""Kind of export -> the suffix by which it is known; a name without suffix is the folder of a data package."""


@dataclass(frozen=True)
class Written:
    """What was written: how many rows, in which files, and what has to be said of them."""

    row_count: int
    files: tuple[Path, ...]
    remark: str = ""


def choose_kind(target: Path, kind: str | None) -> str:
    """The kind of export that ``target`` stands for, unless ``kind`` says it. ExportRefused."""
    known = "、".join(KINDS.values())
    if kind is not None:
        if kind not in KINDS:
            raise ExportRefused(f"不支持的格式：{kind}，请用 {'、'.join(KINDS)}。")
        return kind
    name = target.name.lower()
    found = [k for k, suffix in KINDS.items() if name.endswith(suffix)]
    if found:
        return max(found, key=lambda k: len(KINDS[k]))
    if target.is_dir() or not target.suffix:
        return "datapackage"
    raise ExportRefused(f"不支持的文件类型：{target.suffix}，请用 {known}，或一个文件夹（数据包）。")


def write_export(
    database: Path,
    asked: str,
    target: Path,
    kind: str,
    licence: str,
    decimals: Mapping[str, int],
) -> Written:
    """Write what was ``asked`` of the published file as ``target``; nothing stays of an export that breaks off.

    ``decimals``: indicator -> how many decimals are shown of it in a workbook. QueryError, WarehouseMissing, ExportRefused.
    """
    make_folder(target.parent)
    if kind == "duckdb":
        return _copy_published_file(database, target, licence)
    with open_exported(database, asked, licence, PART) as exported:
        if kind == "datapackage":
            return _write_package(target, exported)
        remark, beside = "", list[Path]()
        with writing_durably(target) as unfinished:
            if kind == "xlsx":
                remark = write_xlsx(unfinished, exported, decimals)
            elif kind == "sdmx":
                beside.append(_name_beside(target, STRUCTURE_SUFFIX))
                write_sdmx_files(unfinished, beside[0], exported)
            else:
                _WRITERS[kind](unfinished, exported)
        if kind not in _SPEAKING:
            beside.append(_name_beside(target, f".{DESCRIPTOR}"))
            write_descriptor(beside[-1], exported, target.name, kind)
    return Written(exported.row_count, (target, *beside), remark)


_WRITERS: dict[str, Callable[[Path, Exported], None]] = {
    "csv": write_csv_file,
    "parquet": write_parquet_file,
    "json": write_json_file,
}
_SPEAKING = ("xlsx", "parquet", "sdmx")
"""Kinds whose files say themselves, or in their structure, of which night they are; beside others lies a descriptor."""


def _name_beside(target: Path, suffix: str) -> Path:
    """A file beside ``target`` that is named after it: 指标.csv.datapackage.json."""
    return target.with_name(target.name + suffix)


def _copy_published_file(database: Path, target: Path, licence: str) -> Written:
    """The whole published file, and a descriptor of what was copied."""
    with writing_durably(target) as unfinished:
        try:
            shutil.copyfile(database, unfinished)
        except FileNotFoundError:
            unfinished.unlink()  # what reads it says that nothing is published
        with open_exported(unfinished if unfinished.exists() else database, WHOLE, licence, PART) as exported:
            beside = _name_beside(target, f".{DESCRIPTOR}")
            write_descriptor(beside, exported, target.name, "duckdb")
            count = exported.row_count
    return Written(count, (target, beside))


def _write_package(target: Path, exported: Exported) -> Written:
    """A data package: the rows as Parquet and their descriptor, in a folder or a zip file."""
    if not target.name.lower().endswith(".zip"):
        make_folder(target)
        _fill_package(target, exported)
        return Written(exported.row_count, (target,))
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        _fill_package(Path(folder), exported)
        with writing_durably(target) as unfinished:
            pack_folder(Path(folder), unfinished)
    return Written(exported.row_count, (target,))


def _fill_package(folder: Path, exported: Exported) -> None:
    with writing_durably(folder / "data.parquet") as unfinished:
        write_parquet_file(unfinished, exported)
    write_descriptor(folder / DESCRIPTOR, exported, "data.parquet", "parquet")
