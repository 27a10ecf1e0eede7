"""The cells of measures: which are asked of whom in which year, and which of them were reported.

A cell is one measure of one org unit in one year. It is *expected* when the unit is in the registry of that year
and its level is asked for the measure, unless the answer was 不适用; it is *reported* when it holds a value or a
true zero. A unit whose county sent nothing is expected all the same. Missing is never zero.

Everything is wide: one row per year and unit, three columns per term (``x``, ``x__reported``, ``x__expected``).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from warehouse.catalogue.frames import Measures
from warehouse.catalogue.load import REGISTRY_FORM, Catalogue
from warehouse.catalogue.models import Measure
from warehouse.expression.expression import Term
from warehouse.registry.levels import LEVELS
from warehouse.registry.registry import Registry


def data_years(measures: Measures) -> list[int]:
    """The years for which anything was submitted, ascending."""
    return sorted(measures["year"].unique().drop_nulls().to_list())


def is_deep(measure: Measure) -> bool:
    """Whether the measure is asked of villages."""
    return "village" in measure.levels


def columns_of(term: Term, prefix: str = "") -> tuple[str, str, str]:
    """The columns of a term: value (0 where nothing was reported), cells reported, cells expected.

    A prefix marks a reading in which some nodes were left out; what is expected does not depend on it.
    """
    column = term.column
    return f"{prefix}{column}", f"{prefix}{column}__reported", f"{column}__expected"


@dataclass(frozen=True)
class Codes:
    """The org codes of a registry in order, how many there are and the type of a column of them.

    ``dtype``: an Enum, as an expression, since it is handed to polars at each use: that of a country takes a third of a second.
    """

    count: int
    dtype: pl.DataTypeExpr


def codes_of(registry: Registry) -> Codes:
    """The codes of all units of all years."""
    codes = pl.Enum(registry.all_units["org_code"].unique().sort())  # a tie goes to the first code
    return Codes(len(codes.categories), codes.to_dtype_expr())


def number_of(code: pl.Expr, codes: Codes) -> pl.Expr:
    """An org code as its number in the registry (UInt32); null when it is not in the registry."""
    return code.cast(codes.dtype, strict=False).to_physical().cast(pl.UInt32)


def places_of(catalogue: Catalogue, years: list[int], codes: Codes) -> pl.DataFrame:
    """One row per year and unit valid in it, with the numbers of the nodes its cells are summed into."""
    city = catalogue.settings.city.code
    units = pl.concat(catalogue.registry.units(y).with_columns(year=pl.lit(y, dtype=pl.Int32)) for y in years)
    own = pl.col("level")
    return units.select(
        "year",
        "org_code",
        "parent_code",
        org_name="name",
        org_level="level",
        unit_code=pl.coalesce("county_code", pl.lit(city)),
        unit=number_of(pl.col("org_code"), codes),
        base=number_of(pl.coalesce("township_code", "org_code"), codes),
        county=number_of(pl.col("county_code"), codes),
        city=number_of(pl.lit(city), codes),
        **{f"n__{level}": (own == level).cast(pl.Int64) for level in LEVELS},
    )


def select_reported_cells(measures: Measures, codes: Codes, first_year: int) -> dict[str, pl.DataFrame]:
    """Per measure: place (year and unit as one number), value (null unless reported), is_na."""
    cells = measures.select(
        "measure",
        place=(pl.col("year") - first_year).cast(pl.UInt32) * codes.count
        + number_of(pl.col("org_code"), codes),
        value=pl.when(pl.col("state").is_in(["value", "zero"])).then("value"),
        is_na=pl.col("state") == "not_applicable",
    ).filter(pl.col("place").is_not_null())
    return {str(key[0]): part for key, part in cells.partition_by("measure", as_dict=True).items()}


def cells_of(
    reported: dict[str, pl.DataFrame],
    rows: pl.DataFrame,
    measures: list[Measure],
    catalogue: Catalogue,
    years: list[int],
    unit_count: int,
) -> pl.DataFrame:
    """One row per row of ``rows`` (same order), three columns per measure. Cells nobody asked for are left out."""
    place = rows.select((pl.col("year") - years[0]).cast(pl.UInt32) * unit_count + pl.col("unit")).to_series()
    size = len(years) * unit_count
    columns = [rows["year"], rows["unit"]]
    for measure in measures:
        asked = rows.select(
            pl.col("year").is_in(catalogue.asked_years(measure, years))
            & pl.col("org_level").is_in(catalogue.asked_levels(measure))
        ).to_series()
        value = pl.repeat(None, size, dtype=pl.Float64, eager=True)
        is_na = pl.repeat(False, size, dtype=pl.Boolean, eager=True)
        if measure.form == REGISTRY_FORM:
            value = pl.repeat(1.0, size, dtype=pl.Float64, eager=True)
        elif measure.id in reported:
            part = reported[measure.id]
            value = value.scatter(part["place"], part["value"])
            is_na = is_na.scatter(part["place"], part["is_na"])
        cell = pl.DataFrame({"asked": asked, "value": value.gather(place), "is_na": is_na.gather(place)})
        names = columns_of(Term(measure.id))
        columns += cell.select(
            pl.when("asked").then("value").fill_null(0.0).alias(names[0]),
            (pl.col("asked") & pl.col("value").is_not_null()).cast(pl.Float64).alias(names[1]),
            (pl.col("asked") & ~pl.col("is_na")).cast(pl.Float64).alias(names[2]),
        ).get_columns()
    return pl.DataFrame(columns)
