"""Indicators as SDMX-CSV 2.0, with their data structure beside them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from flows.clock import TIME_ZONE
from flows.exporting.refused import ExportRefused
from warehouse.exchange.exported import Exported
from warehouse.exchange.sdmx import NEEDED, as_observations, build_structure, count_doubles
from warehouse.ledger.durability import write_durably

STRUCTURE_SUFFIX = ".structure.json"


def write_sdmx_files(target: Path, structure: Path, exported: Exported) -> None:
    """The rows as SDMX-CSV ``target``, and as ``structure`` what they are made of, vintage and licence. ExportRefused."""
    names = {column.name for column in exported.columns}
    if lacking := [name for name in NEEDED if name not in names]:
        raise ExportRefused(
            f"SDMX 只能导出年度指标，所选内容缺少列 {'、'.join(lacking)}。请导出 mart.indicator，或在查询中保留这些列。"
        )
    if doubles := count_doubles(exported.connection, exported.sql):
        raise ExportRefused(
            f"SDMX 中一个年度、一个单位、一项指标只能有一个数，所选内容有 {doubles} 行重复。请在查询中只选一个版本。"
        )
    annotations = {
        "VINTAGE": exported.vintage.words,
        "ROW_COUNT": str(exported.row_count),
        "LICENCE": exported.licence,
    }
    prepared = datetime.now(TIME_ZONE).isoformat(timespec="seconds")
    message = build_structure(exported.connection, exported.sql, annotations, prepared)
    with target.open("w", encoding="utf-8", newline="") as file:
        for number, part in enumerate(exported.parts):
            file.write(as_observations(part).write_csv(include_header=number == 0))
    write_durably(structure, (json.dumps(message, ensure_ascii=False, indent=1) + "\n").encode())
