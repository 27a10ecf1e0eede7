"""From a published number back to the cells it is made of: indicator, formula, terms, cells, files.

The terms are recomputed from the standing measures and from the cells. The trace states whether they give the number
(`is_exact`) and, if not, where they differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Indicator
from warehouse.expression.expression import Expression, Term
from warehouse.store.held import HELD
from warehouse.store.query import QueryError, read_only, run
from warehouse.store.schema.dictionary import write_formula
from warehouse.trace.parts import take_apart
from warehouse.trace.recomputed_terms import Reading, list_parts, read_nodes, source_years

TOLERANCE = 1e-6  # relative; floating-point sums differ in the order of addition


class TraceError(QueryError):
    """The indicator, unit or year does not exist; one Chinese sentence."""


@dataclass(frozen=True)
class Trace:
    """A number with its terms and cells.

    ``terms``: TERM, one row per term, unit and year it reads. ``cells``: TRACED, one row per cell and
    use of it. ``peers``: for a rank, the units
    of the level with the value that is ranked, else None. ``remarks``: Chinese sentences.
    """

    indicator: Indicator
    formula_zh: str
    row: dict[str, Any]  # the row of mart.indicator
    terms: pl.DataFrame
    cells: pl.DataFrame
    peers: pl.DataFrame | None
    is_exact: bool
    remarks: list[str] = field(default_factory=list)

    @property
    def value(self) -> float | None:
        """The published number; None where it is not known or does not apply."""
        value: float | None = self.row["value"]
        return value

    def frame(self) -> pl.DataFrame:
        """All cells, with the indicator, unit and year asked about in front."""
        asked = {
            "indicator": self.indicator.id,
            "of_org_code": self.row["org_code"],
            "of_year": self.row["year"],
        }
        return self.cells.select(*(pl.lit(v).alias(k) for k, v in asked.items()), pl.all())


def trace(path: Path, catalogue: Catalogue, indicator: str, org_code: str, year: int) -> Trace:
    """The trace of one number. TraceError, WarehouseMissing."""
    declared = catalogue.indicators.get(indicator)
    if declared is None:
        raise TraceError(f"没有指标 {indicator}。全部指标见 mart.dictionary（kind = 'indicator'）。")
    expression = catalogue.expand_formula(declared)
    window, inner = expression.window or (None, expression)
    with read_only(path) as connection:  # one connection: all queries see the same night
        row = _read_published_row(connection, declared, org_code, year)
        measures = run(
            connection,
            "SELECT year, org_code, measure, state, value FROM core.measure WHERE measure IN (SELECT unnest(?))",
            [[t.name for t in inner.terms]],
        )
        first_year = run(connection, "SELECT min(year) FROM core.measure").item() or year
        work = _Work(catalogue, inner, measures, first_year, row)
        parts, computed, peers = work.compute(window)
        held = run(connection, "SELECT year, unit_code FROM mart.reporting WHERE report_state = 'held'")
        terms, cells = take_apart(connection, catalogue, inner, pl.concat(parts), held)
    remarks, is_exact = _judge_parts(row, computed, terms)
    if held_count := cells.filter(pl.col("state") == HELD).height:
        remarks.append(
            f"暂存：其中 {held_count} 个单元格所在的报送件已收到，因待改正而暂存，改正接收后计入。"
        )
    return Trace(declared, write_formula(catalogue, declared), row, terms, cells, peers, is_exact, remarks)


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


@dataclass(frozen=True)
class _Work:
    """One trace's inputs."""

    catalogue: Catalogue
    inner: Expression
    measures: pl.DataFrame
    first_year: int
    row: dict[str, Any]

    def compute(self, window: str | None) -> tuple[list[pl.DataFrame], float | None, pl.DataFrame | None]:
        """Contributions (with node, is_kept) that matter, the number computed anew, and the peers of a rank."""
        node, level = self.row["org_code"], self.row["org_level"]
        if window == "streak":
            return self._streak(node, level)
        reading = self._read(level)
        value = _evaluate_at(reading, node)
        parts = [reading.parts.filter(pl.col("node") == node)]
        if window == "share":
            city_code = self.catalogue.settings.city.code
            city = self._read("city")
            whole = _evaluate_at(city, city_code)
            if node != city_code:
                parts.append(city.parts.filter(pl.col("node") == city_code))
            return parts, None if value is None or not whole else value / whole * 100.0, None
        if window in ("rank", "rank_asc", "percentile"):
            peers = _rank_peers(reading, self.catalogue, self.row["year"], window)
            return parts, peers.filter(pl.col("org_code") == node)["rank"].item(), peers
        return parts, value, None

    def _read(self, level: str) -> Reading:
        year = self.row["year"]
        terms = {t: source_years(t, year, self.first_year) for t in self.inner.terms}
        found = list_parts(self.measures, self.catalogue, terms, year)
        return read_nodes(found, self.inner, self.catalogue, year, level)

    def _streak(self, node: str, level: str) -> tuple[list[pl.DataFrame], float | None, None]:
        """The condition of a streak for each year, from the row's own year backwards, each as seen from that year."""
        year, parts, length = self.row["year"], [], 0
        for source_year in range(year, self.first_year - 1, -1):
            terms: dict[Term, range] = dict.fromkeys(self.inner.terms, range(source_year, source_year + 1))
            found = list_parts(self.measures, self.catalogue, terms, year)
            reading = read_nodes(found, self.inner, self.catalogue, year, level)
            parts.append(reading.parts.filter(pl.col("node") == node))
            held = _evaluate_at(reading, node)
            if held is None and source_year == year:
                return parts, None, None
            if not held:
                break
            length += 1
        return parts, float(length), None


def _evaluate_at(reading: Reading, node: str) -> float | None:
    """The expression's value at a node."""
    found = reading.nodes.filter(pl.col("node") == node)["result"]
    value = found[0] if found.len() else None
    return None if value is None else float(value)


def _rank_peers(reading: Reading, catalogue: Catalogue, year: int, window: str) -> pl.DataFrame:
    """org_code, org_name, value, rank of the units of the level, best first."""
    names = catalogue.registry.units(year).select(node="org_code", org_name="name")
    return (
        reading.nodes.join(names, on="node", how="left")
        .select(
            "org_name",
            org_code="node",
            value=pl.col("result").cast(pl.Float64),
            rank=_rank_value(pl.col("result"), window).cast(pl.Float64),
        )
        .sort("rank", "org_code", nulls_last=True)
    )


def _rank_value(value: pl.Expr, window: str) -> pl.Expr:
    """The rank or percentile among all rows, computed without the code that computed the indicator."""
    if window != "percentile":
        return value.rank("min", descending=window == "rank")
    return pl.when(value.count() > 1).then((value.rank("min") - 1) / (value.count() - 1) * 100.0)


def _judge_parts(row: dict[str, Any], computed: float | None, terms: pl.DataFrame) -> tuple[list[str], bool]:
    """Remarks on how the parts make up the number, and whether they do."""
    remarks: list[str] = []
    parted = terms.filter(
        (pl.col("value").fill_null(0.0) - pl.col("cell_sum").fill_null(0.0)).abs()
        > TOLERANCE * pl.max_horizontal(pl.lit(1.0), pl.col("value").abs().fill_null(0.0))
    )
    remarks += [
        f"不符：{t['label']}（{t['source_year']}年）各单元格合计为 {t['cell_sum']}，计量值合计为 {t['value']}。"
        for t in parted.iter_rows(named=True)
    ]
    is_same = _is_equal(row["value"], computed)
    if is_same and parted.is_empty():
        remarks.append("核对：由在用报送件的单元格重新计算，与指标值相符。")
    elif not is_same:
        remarks.append(
            f"不符：由在用报送件重新计算得 {computed}，指标值为 {row['value']}。"
            "制度目录可能在计算之后有改动，请运行 nianbao rebuild 后再查。"
        )
    missing = terms.select(
        (pl.col("expected_count") - pl.col("reported_count") - pl.col("left_out_count")).sum()
    ).item()
    if missing and missing > TOLERANCE:
        remarks.append(f"缺报：有 {missing:g} 个应填单元格未报送，未计入，也不作 0。")
    left_out = terms["left_out_count"].sum()
    if left_out > TOLERANCE:
        remarks.append(
            f"未用：有 {left_out:g} 个已报单元格所在的乡镇（街道）缺少公式中的另一项，为使分子分母口径一致而未用。"
        )
    return remarks, is_same and parted.is_empty()


def _is_equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is None and other is None
    return abs(one - other) <= TOLERANCE * max(1.0, abs(one))
