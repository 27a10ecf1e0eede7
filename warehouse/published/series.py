"""One indicator of a unit and of those directly below it, over years: what a table or a picture of it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from warehouse.catalogue.frames import Schema, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Break, Indicator
from warehouse.store.query import QueryError, read_only, run
from warehouse.store.statements import statement
from warehouse.words.near import find_nearest
from warehouse.words.printed_numbers import PLACE

SERIES: Schema = {
    "year": pl.Int32,
    "org_code": pl.String,
    "org_name": pl.String,  # as it is called in the last of the years
    "org_level": pl.String,
    "parent_code": pl.String,
    "value": pl.Float64,
    "state": pl.String,  # as in mart.indicator
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "reported_count": pl.Int64,
    "expected_count": pl.Int64,
    "coverage_pct": pl.Float64,
    "maturity": pl.String,
}
"""A number of one indicator in the published file; key: year, org_code."""

_TOTALS = {"stock", "flow", "cumulative", "share"}
_NEAR = 60.0  # of 100: names of letters share more by chance than Chinese ones
_NAMED = 5


class UnknownName(QueryError):
    """No indicator or unit is called that; one Chinese sentence with what was probably meant."""


class NothingPublished(QueryError):
    """The file has no number of that indicator, unit and years; one Chinese sentence."""


@dataclass(frozen=True)
class Series:
    """An indicator of the unit ``org_code`` and of the units directly below it.

    ``rows``: SERIES, the unit itself first, then by code and year; of ranks and shares a city has no row of its own.
    ``breaks``: changes of meaning 口径变更 after the first of these years, up to the last.
    """

    indicator: Indicator
    org_code: str
    org_name: str
    rows: pl.DataFrame
    breaks: list[Break]

    @property
    def years(self) -> list[int]:
        """The years with a row, the oldest first."""
        return sorted(self.rows["year"].unique())

    @property
    def own(self) -> pl.DataFrame:
        """The rows of the unit itself, one a year."""
        return self.rows.filter(org_code=self.org_code)

    @property
    def parts(self) -> pl.DataFrame:
        """The rows of the units directly below it; none where the indicator is not computed for them."""
        return self.rows.filter(pl.col("org_code") != self.org_code)

    @property
    def is_total(self) -> bool:
        """Whether the unit's number is the total of those below it, and so far larger than theirs."""
        return self.indicator.kind in _TOTALS and self.indicator.unit != PLACE

    @property
    def span(self) -> str:
        """The years in words: 2024年, 2019—2024年."""
        first, last = self.years[0], self.years[-1]
        return f"{first}年" if first == last else f"{first}—{last}年"


def read_series(
    database: Path, catalogue: Catalogue, asked: str, org: str | None = None, years: Iterable[int] = ()
) -> Series:
    """The series of ``asked`` (an indicator's id or Chinese name) for ``org`` (code or name; None: the city).

    ``years``: from the first to the last of them; none: all. UnknownName, NothingPublished, WarehouseMissing, QueryError.
    """
    indicator = find_indicator(catalogue, asked)
    wanted = list(years)
    first, last = (min(wanted), max(wanted)) if wanted else (0, 9999)
    with read_only(database) as connection:
        code, name = _find_unit(connection, org or catalogue.settings.city.code)
        rows = run(
            connection,
            statement("warehouse.published", "series"),
            [indicator.id, code, code, first, last, code],
        ).pipe(shaped, SERIES)
    if rows.is_empty():
        when = "" if not wanted else f"{first}年" if first == last else f"{first}—{last}年"
        raise NothingPublished(f"{name}{when}没有“{indicator.name_zh}”：无数据，或该级单位不计算此指标。")
    rows = rows.with_columns(pl.col("org_name").sort_by("year").last().over("org_code"))
    shown = sorted(rows["year"].unique())
    breaks = [b for b in catalogue.breaks_of(indicator) if shown[0] < b.year <= shown[-1]]
    return Series(indicator, code, name, rows, breaks)


def find_indicator(catalogue: Catalogue, asked: str) -> Indicator:
    """The indicator with that id or Chinese name. UnknownName."""
    if (declared := catalogue.indicators.get(asked)) is not None:
        return declared
    named = list(catalogue.indicators.values())
    by_name = {indicator.name_zh: indicator for indicator in named}
    if asked in by_name:
        return by_name[asked]
    if holding := [i for i in named if asked and asked in i.name_zh]:
        listed = "、".join(f"{i.id}（{i.name_zh}）" for i in holding[:_NAMED])
        more = f"等 {len(holding)} 项" if len(holding) > _NAMED else ""
        raise UnknownName(f"没有名为“{asked}”的指标。名称中有“{asked}”的是：{listed}{more}。")
    at = find_nearest(asked, [*(i.id for i in named), *by_name], _NEAR)
    meant = "" if at is None else f"是否为 {named[at % len(named)].id}（{named[at % len(named)].name_zh}）？"
    raise UnknownName(f"没有指标 {asked}。{meant or _WHERE_ALL_STAND}")


_WHERE_ALL_STAND = "全部指标见 mart.dictionary（kind = 'indicator'）。"


def _find_unit(connection: duckdb.DuckDBPyConnection, asked: str) -> tuple[str, str]:
    """Code and latest name of the unit with that code or name. UnknownName."""
    units = run(
        connection,
        "SELECT org_code, org_name FROM core.org_unit ORDER BY org_code, coalesce(valid_to, 9999) DESC",
    )
    found = units.filter((pl.col("org_code") == asked) | (pl.col("org_name") == asked))
    codes = found["org_code"].unique(maintain_order=True).to_list()
    if len(codes) == 1:
        return codes[0], units.filter(org_code=codes[0])["org_name"][0]
    if codes:
        more = f"等 {len(codes)} 个" if len(codes) > _NAMED else ""
        raise UnknownName(f"名为“{asked}”的单位不止一个，请写代码：{'、'.join(codes[:_NAMED])}{more}。")
    at = find_nearest(asked, units["org_name"].to_list())
    meant = (
        ""
        if at is None or asked.isdigit()
        else f"是否为 {units['org_name'][at]}（{units['org_code'][at]}）？"
    )
    raise UnknownName(f"没有单位 {asked}。{meant or '单位代码见 core.org_unit。'}")
