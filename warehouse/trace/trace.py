"""From a published number back to the cells it is made of: what the macro ``trace`` of the file says, and whether it adds up.

The indicator was computed by transforms/indicators from the measures as frames; the macro works the formula out again, in SQL,
from the rows of the file. The trace states whether both give the same number (``is_exact``) and, if not, where they differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Indicator
from warehouse.store.held import HELD, SUPPRESSED
from warehouse.store.query import QueryError, read_only, run
from warehouse.words.number_words import group_thousands

TOLERANCE = 1e-6  # relative; floating-point sums differ in the order of addition
_TERM = ["term", "of_node", "source_year"]


class TraceError(QueryError):
    """The indicator, unit or year does not exist; one Chinese sentence."""


@dataclass(frozen=True)
class Trace:
    """A number with all that it is made of.

    ``row``: its row of mart.indicator. ``rows``: those of the macro ``trace``, whose columns tables.yaml explains.
    ``is_exact``: whether the parts make up the number; None where suppressed numbers are among them. ``remarks``: Chinese
    sentences.
    """

    indicator: Indicator
    row: dict[str, Any]
    rows: pl.DataFrame
    is_exact: bool | None
    remarks: list[str]

    @property
    def value(self) -> float | None:
        """The published number; None where it is not known, not published or does not apply."""
        value: float | None = self.row["value"]
        return value

    def select_step(self, step: str) -> pl.DataFrame:
        """The rows of one step: number, formula, peer, term, unit or cell."""
        return self.rows.filter(step=step)

    @property
    def used_cells(self) -> pl.DataFrame:
        """The cells that count, the largest first, with ``contribution``: their part in the number."""
        is_of_another = pl.col("of_node") != self.row["org_code"]
        return _select_used_cells(self.rows).sort(
            pl.col("contribution").abs(), is_of_another, descending=[True, False], maintain_order=True
        )


def trace(path: Path, catalogue: Catalogue, indicator: str, org_code: str, year: int) -> Trace:
    """The trace of one number. TraceError, WarehouseMissing."""
    declared = catalogue.indicators.get(indicator)
    if declared is None:
        raise TraceError(f"没有指标 {indicator}。全部指标见 mart.dictionary（kind = 'indicator'）。")
    with read_only(path) as connection:  # one connection: both queries see the same night
        row = _read_published_row(connection, declared, org_code, year)
        rows = run(connection, "FROM trace(?, ?, ?)", [indicator, org_code, year])
    if "formula" not in rows["step"]:
        raise TraceError("数据仓库由较早版本的程序建立，没有追溯所需的内容。请运行 nianbao rebuild 后再查。")
    remarks, is_exact = _check_sums(row["value"], rows)
    return Trace(declared, row, rows, is_exact, [*remarks, *_describe_gaps(rows)])


def _read_published_row(
    connection: duckdb.DuckDBPyConnection, indicator: Indicator, org_code: str, year: int
) -> dict[str, Any]:
    found = run(
        connection,
        "FROM mart.indicator WHERE indicator = ? AND org_code = ? AND year = ?",
        [indicator.id, org_code, year],
    )
    if found.is_empty():
        reports = run(
            connection,
            """SELECT count(*) FILTER (report_state = 'held'), count(*) FILTER (is_accepted)
               FROM mart.reporting WHERE year = ?""",
            [year],
        )
        if reports.row(0)[0] and not reports.row(0)[1]:
            raise TraceError(f"{year}年度收到的报表都因待改正而暂存，尚无可计算的数据。")
        raise TraceError(
            f"{year}年没有单位 {org_code} 的“{indicator.name_zh}”：该年度无数据，或该级单位不计算此指标。"
        )
    return found.row(0, named=True)


def _select_used_cells(rows: pl.DataFrame) -> pl.DataFrame:
    counts = ~pl.col("is_left_out") & pl.col("state").is_in(["value", "zero"])
    return rows.filter(counts, step="cell").with_columns(contribution=pl.col("value") * pl.col("share"))


def _check_sums(value: float | None, rows: pl.DataFrame) -> tuple[list[str], bool | None]:
    """Remarks on how the cells make up the terms and these the number, and whether they do."""
    terms = rows.filter(pl.col("state") != SUPPRESSED, step="term")
    sums = _select_used_cells(rows).group_by(_TERM).agg(cell_sum=pl.col("contribution").sum())
    known, summed = pl.col("value").fill_null(0.0), pl.col("cell_sum").fill_null(0.0)
    parted = terms.join(sums, on=_TERM, how="left", maintain_order="left").filter(
        (known - summed).abs() > TOLERANCE * pl.max_horizontal(pl.lit(1.0), known.abs())
    )
    remarks = [
        f"不符：{t['label']}（{t['source_year']}年）各单元格合计为 {group_thousands(t['cell_sum'] or 0.0)}，"
        f"计量值合计为 {group_thousands(t['value'] or 0.0)}。"
        for t in parted.iter_rows(named=True)
    ]
    formula = rows.filter(step="formula").row(0, named=True)
    if formula["state"] == SUPPRESSED:
        is_exact = False if remarks else None
        return [*remarks, "核对：有不公布的单元格（*），在公布库中不能逐项核对。"], is_exact
    if not _is_equal(value, formula["value"]):
        remarks.append(
            f"不符：由在用报送件重新计算得 {group_thousands(formula['value'])}，指标值为 {group_thousands(value)}。"
            "请运行 nianbao rebuild 后再查。"
        )
    return remarks or ["核对：由在用报送件的单元格重新计算，与指标值相符。"], not remarks


def _describe_gaps(rows: pl.DataFrame) -> list[str]:
    """Remarks on what is missing, left out or asked about."""
    units = rows.filter(step="unit").unique(["term", "source_year", "source_code"])
    states = dict(units.group_by("state").len().iter_rows())
    held = states.get(HELD, 0)
    counts = {
        "缺报：有 {} 个应填单元格未报送，未计入，也不作 0。": states.get("not_reported", 0) + held,
        "暂存：其中 {} 个单元格所在的报送件已收到，因待改正而暂存，改正接收后计入。": held,
        "未用：有 {} 个已报单元格所在的乡镇（街道）缺少公式中的另一项，为使分子分母口径一致而未用。": units[
            "is_left_out"
        ].sum(),
        "存疑：计入的单元格中有 {} 个有审核问题，全部列在 --json 中。": _select_used_cells(rows)
        .drop_nulls("questions")
        .unique(["file_sha256", "sheet", "cell"])
        .height,
    }
    return [sentence.format(count) for sentence, count in counts.items() if count]


def _is_equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is None and other is None
    return abs(one - other) <= TOLERANCE * max(1.0, abs(one))
