"""Tables that the catalogue alone says: who reports which year, and which cells a published indicator rests on."""

from __future__ import annotations

import polars as pl

from warehouse.catalogue.expression import parse
from warehouse.catalogue.load import Catalogue


def expected_reports(catalogue: Catalogue) -> pl.DataFrame:
    """Who reports which year: year, unit_code (key), unit_name, unit_level, due_date; the city as its own level."""
    settings = catalogue.settings
    years = range(settings.first_year, settings.last_year + 1)
    return pl.concat(
        catalogue.registry.roster(year).with_columns(
            pl.lit(year, pl.Int32).alias("year"),
            pl.when(pl.col("unit_level") == "city")
            .then(pl.lit(settings.city.own_level_name))
            .otherwise("unit_name")
            .alias("unit_name"),
            pl.lit(settings.deadline.of(year)).alias("due_date"),
        )
        for year in years
    )


def uses(catalogue: Catalogue) -> pl.DataFrame:
    """Which cells move a published indicator: indicator, measure, form, field (key), is_count."""
    rows = []
    for indicator in catalogue.indicators.values():
        if not indicator.is_published:
            continue
        for name in sorted(catalogue.expanded(indicator).names & catalogue.measures.keys()):
            measure = catalogue.measures[name]
            rows.append((indicator.id, name, measure.form, name, False))
            if measure.where is not None:
                form = catalogue.forms[measure.form]
                fields = parse(measure.where).names | ({form.item_field} if form.item_field else set())
                rows += [(indicator.id, name, measure.form, field, True) for field in sorted(fields)]
    schema = {**dict.fromkeys(("indicator", "measure", "form", "field"), pl.String), "is_count": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")
