"""The sums that everybody knows of the published cells: units add up to the unit above, measures to measures.

A cell is a number of a unit and year. Whoever knows all cells of an equation but one knows that one, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from warehouse.catalogue.frames import Schema, empty
from warehouse.expression.expression import Expression

CELL: Schema = {
    "year": pl.Int32,
    "org_code": pl.String,
    "org_level": pl.String,
    "measure": pl.String,
    "value": pl.Float64,  # null: nothing was reported, which everybody knows
}
"""Columns of ROLLUP that are read here; key: year, org_code, measure."""

EQUATION: Schema = {
    "equation": pl.String,  # its name
    "year": pl.Int32,
    "org_code": pl.String,
    "measure": pl.String,
    "coefficient": pl.Float64,
}
"""A cell of an equation; key: all but coefficient. Its cells, times their coefficients, add up to what everybody knows."""

Relation = Mapping[str, float]
"""Measure -> coefficient: the measures of one unit and year that add up to a number that is known, mostly to 0."""


def list_equations(
    cells: pl.DataFrame, parents: pl.DataFrame, relations: Sequence[Relation] = ()
) -> pl.DataFrame:
    """EQUATION of ``cells`` (CELL): those of the hierarchy and those of ``relations``.

    ``parents``: year, org_code, parent_code. What the unit above reports itself is known and stands on the other side.
    """
    known = cells.filter(pl.col("value").is_not_null())
    parts = [empty(EQUATION), _add_up_units(known, parents)]
    parts += [_add_up_measures(known, number, relation) for number, relation in enumerate(relations)]
    return pl.concat(parts)


def _add_up_units(known: pl.DataFrame, parents: pl.DataFrame) -> pl.DataFrame:
    """One equation for every unit, year and measure with a number below it."""
    keys = ["year", "org_code", "measure"]
    below = known.join(parents.drop_nulls("parent_code"), on=["year", "org_code"]).select(
        *keys, "parent_code", coefficient=pl.lit(1.0)
    )
    own = known.select(*keys, parent_code="org_code", coefficient=pl.lit(-1.0))
    both = [
        below.join(own, on=["year", "parent_code", "measure"], how="semi"),
        own.join(below, on=["year", "parent_code", "measure"], how="semi"),
    ]
    name = pl.format("{}/{}/{}", "year", "parent_code", "measure")
    return pl.concat(
        [part.select(equation=name, **{c: pl.col(c) for c in [*keys, "coefficient"]}) for part in both]
    )


def _add_up_measures(known: pl.DataFrame, number: int, relation: Relation) -> pl.DataFrame:
    """One equation for every unit and year; a measure without a number has no part in it."""
    name = pl.format("{}/{}/relation {}", "year", "org_code", pl.lit(number))
    return (
        known.filter(pl.col("measure").is_in(list(relation)))
        .select(
            "year",
            "org_code",
            "measure",
            equation=name,
            coefficient=pl.col("measure").replace_strict(relation, return_dtype=pl.Float64),
        )
        .select(EQUATION.keys())
    )


def list_relations(statements: Iterable[Expression]) -> list[Relation]:
    """The relations that rules state (``a + b = c``); a statement that is no equation of sums is none."""
    found: list[Relation] = []
    for statement in statements:
        sides = statement.sides
        if sides is not None and sides[1] == "＝":
            left, right = _read_sum(sides[0]), _read_sum(sides[2])
            if left and right and not left & right:
                found.append(dict.fromkeys(left, 1.0) | dict.fromkeys(right, -1.0))
    return found


def _read_sum(side: Expression) -> frozenset[str]:
    """The measures of a plain sum of this year's numbers; none where it is something else."""
    is_plain = side.is_sum and all(term.function is None for term in side.terms)
    return side.names if is_plain and len(side.terms) == len(side.names) else frozenset()
