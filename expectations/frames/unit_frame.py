"""The cross-form frame: one row per submission and org unit, the measures of all forms side by side, last year's beside.

A measure of a unit is the sum of what the submission reports for the unit and the units below it. It is null where one of
the cells was not reported or could not be read, so that rules over it are not evaluated. Cells that do not apply add
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations.rulebook.condition import DATA_ROW
from expectations.rulebook.rulebook import Rule
from warehouse.catalogue.frames import MEASURE, Measures, Schema, Submissions, empty, select_latest, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.registry.contribution import contributions, hand_on_measures
from warehouse.registry.succession import list_departures

KEYS: Schema = {
    "submission": pl.String,
    "unit_code": pl.String,
    "year": pl.Int32,
    "org_code": pl.String,
    "org_name": pl.String,
    "org_level": pl.String,
}


def unit_frame(
    rules: Sequence[Rule], measures: Measures, standing: pl.DataFrame, catalogue: Catalogue
) -> pl.DataFrame:
    """All columns that ``rules`` read, at their levels.

    ``measures``: of the batch. ``standing``: of other years, which ``prev`` reads, one submission per reporting unit and
    year. Columns: KEYS, row_kind, unit_text, item, ``x`` and ``x__prev``.
    """
    names = sorted({term.name for rule in rules for term in rule.terms if term.name in catalogue.measures})
    before = sorted({term.name for rule in rules for term in rule.terms if term.function == "prev"})
    levels = sorted({level for rule in rules for level in rule.levels or ()})
    frames = [
        _build_year(year, names, before, levels, measures, standing, catalogue)
        for year in measures["year"].unique().drop_nulls().sort().to_list()
    ]
    schema = {**KEYS, **dict.fromkeys(names, pl.Float64), **{f"{name}__prev": pl.Float64 for name in before}}
    frame = pl.concat([pl.DataFrame(schema=schema), *frames])
    return frame.with_columns(row_kind=pl.lit(DATA_ROW), unit_text=pl.col("org_name"), item=pl.lit(""))


def select_earlier_measures(
    prior: pl.DataFrame, measures: Measures, submissions: Submissions
) -> pl.DataFrame:
    """The measures that ``prev`` reads: for each unit and year of the batch's latest submission, else of ``prior``.

    ``measures``: of submissions without a critical finding; ``submissions``: SUBMISSION, for their order.
    """
    believed = submissions.filter(pl.col("submission").is_in(measures["submission"].unique().implode()))
    latest = select_latest(believed).select("submission", "unit_code", "year")
    own = measures.join(latest.select("submission"), on="submission", how="semi")
    rest = prior.join(latest, on=["unit_code", "year"], how="anti")
    return pl.concat([shaped(rest, MEASURE), shaped(own, MEASURE)])


HISTORY: Schema = {
    "org_code": pl.String,
    "year": pl.Int32,  # the report year, not the year of the number
    "measure": pl.String,
    "previous_value": pl.Float64,  # null: a part of last year's number is unknown
}
"""Last year's numbers under the unit codes of the report year; key: org_code, year, measure."""


def list_previous_values(standing: Measures, years: Sequence[int], catalogue: Catalogue) -> pl.DataFrame:
    """HISTORY of the numbers that units report themselves, for report years ``years``."""
    return pl.concat(
        [
            empty(HISTORY),
            *(
                _join_contributions(standing, (year - 1, year), catalogue, [])
                .filter("is_own")
                .group_by("node", "measure", maintain_order=True)
                .agg(previous_value=pl.when(pl.col("value").is_not_null().all()).then(pl.col("value").sum()))
                .select(
                    org_code="node",
                    year=pl.lit(year, pl.Int32),
                    measure="measure",
                    previous_value="previous_value",
                )
                .collect()
                for year in years
            ),
        ]
    )


def sum_previous_values(
    names: Sequence[str], standing: pl.DataFrame, years: Sequence[int], catalogue: Catalogue
) -> pl.DataFrame:
    """HISTORY of the measures ``names`` as a unit frame has them: summed over everything below a unit."""
    parts = [empty(HISTORY)]
    for year in years:
        summed = _sum_over_ancestors(
            _join_contributions(standing, (year - 1, year), catalogue, []), list(names), []
        )
        long = summed.unpivot(index="node", variable_name="measure", value_name="previous_value")
        parts.append(shaped(long.with_columns(org_code="node", year=pl.lit(year)), HISTORY))
    return pl.concat(parts)


def _build_year(
    year: int,
    names: list[str],
    before: list[str],
    levels: Sequence[str],
    measures: Measures,
    standing: pl.DataFrame,
    catalogue: Catalogue,
) -> pl.DataFrame:
    nodes = (
        catalogue.registry.units(year)
        .filter(pl.col("level").is_in(levels))
        .select(
            node="org_code",
            org_name="name",
            org_level="level",
            unit_code=pl.coalesce("county_code", "org_code"),  # a county has nothing to say of the city's row
        )
    )
    keys, of_levels = ["submission", "unit_code"], nodes["node"].implode()
    now = _join_contributions(measures.filter(pl.col("measure").is_in(names)), (year, year), catalogue, keys)
    current = _sum_over_ancestors(now.filter(pl.col("node").is_in(of_levels)), names, keys)
    last = _join_contributions(
        standing.filter(pl.col("measure").is_in(before)), (year - 1, year), catalogue, []
    )
    previous = _sum_over_ancestors(last, before, []).rename({name: f"{name}__prev" for name in before})
    return (
        current.join(nodes, on=["node", "unit_code"])
        .join(previous, on="node", how="left")
        .with_columns(year=pl.lit(year, pl.Int32))
        .rename({"node": "org_code"})
        .select(*KEYS, *names, *(f"{name}__prev" for name in before))
    )


def _join_contributions(
    measures: Measures, years: tuple[int, int], catalogue: Catalogue, keys: list[str]
) -> pl.LazyFrame:
    """Numbers with each node they count for; ``years``: source_year, and the year they are seen from (the same or next).

    Columns: ``keys``, measure, node, is_own, value (null unless reported) and is_gap (not reported).
    For the city only its own report counts, since no workbook holds the sum of the others.
    """
    city, registry = catalogue.settings.city.code, catalogue.registry
    counts = contributions(registry, *years).filter((pl.col("node") != city) | (pl.col("org_code") == city))
    on = ["org_code"] if list_departures(registry, *years).is_empty() else ["source_code", "org_code"]
    # The states as Booleans before the join: it repeats each number for every node above it.
    numbers = (
        hand_on_measures(measures, registry, *years, catalogue.quanta)
        .lazy()
        .select(
            *keys,
            *on,
            "measure",
            is_gap=pl.col("state") == "not_reported",
            value=pl.when(pl.col("state").is_in(["value", "zero"])).then("value"),
        )
    )
    return numbers.join(counts.lazy().select(*on, "node", "is_own"), on=on).drop(on)


def _sum_over_ancestors(contributed: pl.LazyFrame, names: list[str], keys: list[str]) -> pl.DataFrame:
    """One row per ``keys`` and node, a column for each of ``names``; a sum with a gap is null."""
    value = pl.col("value")
    long = (
        contributed.filter(pl.col("measure").is_in(names))
        .group_by(*keys, "node", "measure")
        .agg(value=pl.when(value.is_not_null().any() & ~pl.col("is_gap").any()).then(value.sum()))
        .collect()
    )
    return long.pivot(on="measure", index=[*keys, "node"], values="value", on_columns=names).with_columns(
        pl.col(name).cast(pl.Float64) for name in names
    )
