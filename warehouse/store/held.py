"""What a unit has sent but what is held: known to be there, and not in any number yet."""

from __future__ import annotations

import duckdb
import polars as pl

from warehouse.catalogue.load import Catalogue

HELD = "held"
"""State of a number that is not known because the report it would come from is held."""

_HELD_UNITS = "SELECT year, unit_code, unit_level FROM mart.reporting WHERE report_state = 'held'"
_MARK = f"""
    WITH held AS ({_HELD_UNITS}),
    node AS (
        SELECT h.year, h.unit_level, a.source_code AS org_code
        FROM held AS h
        JOIN core.contribution AS a ON a.year = h.year AND a.source_year = h.year AND a.node = h.unit_code
        WHERE h.unit_level = 'county' OR a.source_code = h.unit_code
        UNION
        SELECT h.year, h.unit_level, a.node
        FROM held AS h
        JOIN core.contribution AS a ON a.year = h.year AND a.source_year = h.year AND a.source_code = h.unit_code
    ), concerned AS (
        SELECT DISTINCT n.year, n.org_code, s.indicator FROM node AS n JOIN sources AS s ON s.unit_level = n.unit_level
    )
    UPDATE mart.indicator AS i SET state = '{HELD}'
    FROM concerned AS c
    WHERE i.state = 'not_reported' AND c.year = i.year AND c.org_code = i.org_code AND c.indicator = i.indicator
"""


def mark_held(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Set the state of unknown numbers in mart.indicator to held where a unit they would come from has only a held report."""
    if connection.execute(f"SELECT count(*) FROM ({_HELD_UNITS})").fetchone() == (0,):
        return
    connection.register("sources", _sources(catalogue).to_arrow())
    connection.execute(_MARK)
    connection.unregister("sources")


def _sources(catalogue: Catalogue) -> pl.DataFrame:
    """Whose workbooks an indicator comes from: indicator, unit_level (county, city)."""
    forms = {
        i.id: {catalogue.measures[t.name].form for t in catalogue.expanded(i).terms} & catalogue.forms.keys()
        for i in catalogue.indicators.values()
    }
    rows = {
        (name, level)
        for name, read in forms.items()
        for form in read
        for level in catalogue.forms[form].reported_by
    }
    return pl.DataFrame(sorted(rows), schema={"indicator": pl.String, "unit_level": pl.String}, orient="row")


def held_units(catalogue: Catalogue, held: pl.DataFrame) -> pl.DataFrame:
    """source_year, source_code of every org unit whose numbers would come from a held report (year, unit_code)."""
    parts = [pl.DataFrame(schema={"source_year": pl.Int32, "source_code": pl.String})]
    city = catalogue.settings.city.code
    for (year,), of_year in held.partition_by("year", as_dict=True).items():
        units = catalogue.registry.units(int(year)).with_columns(
            unit_code=pl.coalesce("county_code", pl.lit(city))
        )
        parts.append(
            units.join(of_year.select("unit_code"), on="unit_code", how="semi").select(
                source_year=pl.lit(year, pl.Int32), source_code="org_code"
            )
        )
    return pl.concat(parts)
