"""The terms of a formula recomputed from the standing measures, unit by unit, for a trace.

A second implementation of the rules of transforms/indicators/indicators.py, for one indicator, independent of it on purpose:
the trace reports where the two disagree. The rules: a cell is expected when the unit
is in the year's registry and is asked the measure, unless answered 不适用; missing is never zero; a formula that is no
mere sum leaves out every base node (township with its villages, a county's or the city's own row) that lacks a cell;
terms asked at different levels meet in the county or the city, which is then left out as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from warehouse.catalogue.load import REGISTRY_FORM, Catalogue
from warehouse.catalogue.models import Measure, in_force
from warehouse.expression.expression import Expression, Term
from warehouse.expression.nodes import YEARS_BACK
from warehouse.registry.contribution import hand_on
from warehouse.registry.succession import list_departures

ALMOST = 1e-6  # the shares of a split unit add up to whole cells, apart from rounding

PART = {
    "term": pl.String,  # column name of the term
    "measure": pl.String,
    "source_year": pl.Int32,
    "source_code": pl.String,  # the unit that reported
    "org_code": pl.String,  # the unit that carries its history in the year asked
    "share": pl.Float64,  # of its number; numbers are handed on in whole parts
    "value": pl.Float64,  # that part of the measure's value; null unless reported
    "expected": pl.Float64,  # share where a cell was expected, else 0
    "reported": pl.Float64,
}


@dataclass(frozen=True)
class Reading:
    """The values of an expression's terms at the nodes of one level.

    ``parts``: PART + node, is_kept. ``nodes``: node, and per term its column (null where nothing
    was reported), ``<column>__reported`` and ``<column>__expected``, and ``result``, the expression's value.
    """

    parts: pl.DataFrame
    nodes: pl.DataFrame


def source_years(term: Term, year: int, first_year: int) -> range:
    """The years a term reads, seen from ``year``; none before the first year of the data."""
    if term.function is None:
        return range(year, year + 1)
    if back := YEARS_BACK.get(term.function):
        return range(max(year - back, first_year), year - back + 1)
    if term.function == "cumulative":
        return range(max(first_year, term.since or first_year), year + 1)
    raise ValueError(f"{term.function}() has no meaning in an indicator")


def list_parts(
    measures: pl.DataFrame, catalogue: Catalogue, terms: dict[Term, range], year: int
) -> pl.DataFrame:
    """PART: each unit's contribution to each term, as seen from ``year``.

    ``measures``: standing MEASURE rows of the terms' measures; ``terms``: each with the years it reads.
    """
    parts = [pl.DataFrame(schema=PART)]
    for term, years in terms.items():
        measure = catalogue.measures[term.name]
        for source_year in years:
            if not _is_asked(measure, catalogue, source_year):
                continue
            cells = _read_cells(measures, catalogue, measure, source_year)
            gone = list_departures(catalogue.registry, source_year, year)
            parts.append(
                _carry_on(cells, gone, measure)
                .with_columns(
                    term=pl.lit(term.column),
                    measure=pl.lit(measure.id),
                    source_year=pl.lit(source_year, pl.Int32),
                )
                .select(*PART)
            )
    return pl.concat(parts)


def _carry_on(cells: pl.DataFrame, gone: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """``value``: the part of it that org_code carries on; ``share``: that part of the whole."""
    whole = cells.select("source_code", whole="value")
    quanta = {"value": measure.quantum, "expected": None, "reported": None}
    part = hand_on(cells, gone, quanta).join(whole, on="source_code", how="left", maintain_order="left")
    return part.with_columns(
        share=pl.when(pl.col("whole") != 0).then(pl.col("value") / pl.col("whole")).otherwise("share")
    )


def read_nodes(
    found: pl.DataFrame, expression: Expression, catalogue: Catalogue, year: int, level: str
) -> Reading:
    """The contributions (PART) summed for every node of ``level`` in ``year``, and the expression's value."""
    registry = catalogue.registry
    own = pl.col("org_code") if level == "village" else pl.coalesce("township_code", "org_code")
    bases = registry.units(year).select("org_code", base=own, block=_name_block(expression, catalogue, own))
    above = registry.ancestors(year).filter(pl.col("ancestor_level") == level)
    nodes_of = above.select("org_code", node="ancestor_code")
    contributions = found.join(bases, on="org_code", how="left")
    lacking = _find_incomplete_blocks(contributions) if _is_aligned(expression) else []
    contributions = contributions.with_columns(is_kept=~pl.col("block").is_in(lacking).fill_null(False))
    contributions = contributions.join(nodes_of, on="org_code", how="inner")
    nodes = above.select(node="ancestor_code").unique().sort("node")
    for term in expression.terms:
        kept = pl.col("is_kept")
        sums = (
            contributions.filter(pl.col("term") == term.column)
            .group_by("node")
            .agg(
                pl.col("value").filter(kept).sum().alias(term.column),
                pl.col("reported").filter(kept).sum().alias(f"{term.column}__reported"),
                pl.col("expected").sum().alias(f"{term.column}__expected"),
            )
        )
        nodes = nodes.join(sums, on="node", how="left", maintain_order="left")
    return Reading(
        contributions.drop("base", "block"),
        nodes.with_columns(_known_terms(expression)).with_columns(_compute_value(expression)),
    )


def _is_aligned(expression: Expression) -> bool:
    """Whether a block that lacks one term is left out of all: in a formula of several terms that is not a sum."""
    return not expression.is_sum and len(expression.terms) > 1


def _name_block(expression: Expression, catalogue: Catalogue, own: pl.Expr) -> pl.Expr:
    """The block that is left out as a whole: the base node, or the county or city where terms of several levels meet."""
    asked = {frozenset(catalogue.asked_levels(catalogue.measures[t.name])) for t in expression.terms}
    if len(asked) == 1 or all(levels & {"township", "village"} for levels in asked):
        return own
    is_in_county = all(levels - {"city"} for levels in asked)
    return pl.col("county_code") if is_in_county else pl.lit(catalogue.settings.city.code)


def _find_incomplete_blocks(contributions: pl.DataFrame) -> list[str]:
    """Blocks in which a base node has not reported every expected cell of a term."""
    sums = contributions.group_by("block", "base", "term").agg(pl.col("reported", "expected").sum())
    return (
        sums.filter(pl.col("reported") < pl.col("expected") - ALMOST)["block"].drop_nulls().unique().to_list()
    )


def _known_terms(expression: Expression) -> list[pl.Expr]:
    """Terms: null where nothing was reported."""
    return [
        pl.when(pl.col(f"{t.column}__reported") > 0).then(pl.col(t.column)).alias(t.column)
        for t in expression.terms
    ]


def _compute_value(expression: Expression) -> pl.Expr:
    """The value of the expression; of a sum, the sum of its reported terms."""
    if not expression.is_sum:
        return expression.polars(lambda term: pl.col(term.column)).alias("result")
    anything = pl.any_horizontal(pl.col(t.column).is_not_null() for t in expression.terms)
    total = expression.polars(lambda term: pl.col(term.column).fill_null(0.0))
    return pl.when(anything).then(total).alias("result")


def _is_asked(measure: Measure, catalogue: Catalogue, year: int) -> bool:
    if measure.form == REGISTRY_FORM:
        return True
    form = catalogue.forms[measure.form]
    field = next((f for f in form.fields if f.id == measure.id), None)
    return in_force(form, year) and (field is None or in_force(field, year))


def _read_cells(measures: pl.DataFrame, catalogue: Catalogue, measure: Measure, year: int) -> pl.DataFrame:
    """source_code, value, expected, reported of every unit asked for ``measure`` in ``year``."""
    units = catalogue.registry.units(year).filter(pl.col("level").is_in(catalogue.asked_levels(measure)))
    if measure.form == REGISTRY_FORM:
        ones = {"value": pl.lit(1.0), "expected": pl.lit(1.0), "reported": pl.lit(1.0)}
        return units.select(source_code="org_code", **ones)
    mine = measures.filter(pl.col("measure") == measure.id, pl.col("year") == year)
    has_value = pl.col("state").is_in(["value", "zero"]) & pl.col("value").is_not_null()
    return units.join(mine.select("org_code", "state", "value"), on="org_code", how="left").select(
        source_code="org_code",
        value=pl.when(has_value).then("value"),
        expected=(pl.col("state").fill_null("not_reported") != "not_applicable").cast(pl.Float64),
        reported=has_value.fill_null(False).cast(pl.Float64),
    )
