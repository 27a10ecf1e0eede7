"""Earlier years on the boundaries of a later one: cells and units of each year, handed on to the units of that later year.

What a unit reported goes to whoever carries its history on, as ``prev`` of that year does it for the year before; sums, rates,
ranks and streaks are then computed as of any year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from transforms.indicators.departures import NO_DEPARTURE, Gone, seen_from_later
from warehouse.registry.registry import Registry
from warehouse.registry.succession import list_departures

_KEY = ["year", "org_code", "indicator"]
_COUNTS = ("state", "reported_count", "expected_count", "peer_count", "maturity")
_NUMBERS = ("value", "numerator", "denominator")
_ROUNDING = 1e-9  # relative: sums of cents in another order


def list_moved(registry: Registry, years: Sequence[int]) -> pl.DataFrame:
    """year, org_code of the units of the last of ``years`` that were not the same unit, under the same one, in an earlier year.

    A year that is not in it has today's boundaries.
    """
    today = registry.units(years[-1]).select("org_code", "parent_code")
    parts = [pl.DataFrame(schema={"year": pl.Int32, "org_code": pl.String})]
    for year in range(years[0], years[-1]):
        was = registry.units(year).select("org_code", "parent_code")
        new = today.join(was, on=["org_code", "parent_code"], how="anti", nulls_equal=True)
        heirs = list_departures(registry, year, years[-1])
        moved = pl.concat([new.select("org_code"), heirs.select("org_code")]).unique(maintain_order=True)
        parts.append(moved.select(pl.lit(year, pl.Int32).alias("year"), "org_code"))
    return pl.concat(parts)


def redraw_places(places: pl.DataFrame, gone: Gone, today: int) -> pl.DataFrame:
    """The units of ``today`` with the units above them, once for each year of ``places``.

    ``is_open`` of a year: whether one of the units whose numbers they carry on is.
    """
    units = places.filter(pl.col("year") == today).drop("year", "is_open")
    years = places.select("year").unique(maintain_order=True)
    was_open = places.select("year", "unit", is_open=pl.col("is_open").cast(pl.Float64))
    carried = _hand_on_to(was_open, gone, {}, today).select("year", "unit", pl.col("is_open") > 0)
    redrawn = years.join(units, how="cross").join(
        carried, on=["year", "unit"], how="left", maintain_order="left"
    )
    return redrawn.with_columns(pl.col("is_open").fill_null(False)).select(places.columns)


def redraw_cells(
    cells: pl.DataFrame, rows: pl.DataFrame, gone: Gone, quanta: Mapping[str, float], today: int
) -> pl.DataFrame:
    """``cells`` of each year (year, unit, numbers) under the units of ``today``, one row per row of ``rows`` in its order."""
    numbers = [c for c in cells.columns if c not in ("year", "unit")]
    carried = _hand_on_to(cells, gone, quanta, today)
    lost = carried.join(rows, on=["year", "unit"], how="anti")
    if lost.height:
        raise AssertionError(f"numbers of {lost.height} units fall to units that do not exist")
    redrawn = rows.select("year", "unit").join(
        carried, on=["year", "unit"], how="left", maintain_order="left"
    )
    return redrawn.with_columns(pl.col(numbers).fill_null(0.0))


def _hand_on_to(frame: pl.DataFrame, gone: Gone, quanta: Mapping[str, float], today: int) -> pl.DataFrame:
    """Rows of a year and unit (of today), the numbers of all it carries on added up."""
    of_today = {pair: elsewhere for pair, elsewhere in gone.items() if pair[1] == today}
    seen = seen_from_later(frame, of_today, quanta).drop("year").rename({"source_year": "year"})
    return seen.group_by("year", "unit", maintain_order=True).agg(pl.all().sum())


def forget_departures(gone: Gone) -> Gone:
    """The same pairs of years in which nobody goes anywhere: the units of all years are the same."""
    return dict.fromkeys(gone, NO_DEPARTURE)


def select_redrawn(redrawn: pl.DataFrame, as_was: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``redrawn`` (INDICATOR of earlier years on today's boundaries) that are not what they were.

    ``as_was``: INDICATOR of the units of today as far as they were there. What a unit of today had in an earlier year and
    has not on today's boundaries (its last township is elsewhere now) is a row that does not apply.
    """
    was = as_was.select(*_KEY, *_COUNTS, *_NUMBERS)
    both = redrawn.join(was, on=_KEY, how="left", suffix="_was", maintain_order="left")
    is_same = pl.all_horizontal(
        *(pl.col(c).eq_missing(pl.col(f"{c}_was")) for c in _COUNTS),
        *(_is_same_number(pl.col(c), pl.col(f"{c}_was")) for c in _NUMBERS),
    )
    other = both.remove(is_same).select(redrawn.columns)
    left = as_was.join(redrawn, on=_KEY, how="anti", maintain_order="left")
    nothing = left.with_columns(
        state=pl.lit("not_applicable"),
        reported_count=pl.lit(0, pl.Int64),
        expected_count=pl.lit(0, pl.Int64),
        **{c: pl.lit(None, redrawn.schema[c]) for c in (*_NUMBERS, "coverage_pct", "peer_count")},
    )
    return pl.concat([other, nothing])


def _is_same_number(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    near = (one - other).abs() <= _ROUNDING * pl.max_horizontal(one.abs(), other.abs())
    return near.fill_null(one.is_null() & other.is_null())
