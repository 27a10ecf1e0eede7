"""The terms that formulas read (``x``, ``prev(x)``, ``cumulative(x)``), for every year at the nodes they are summed from.

Measures asked of villages stand in a *deep* frame of all units, the others in a *shallow* one without villages, so
that seventy columns do not stand beside thousands of villages that have nothing to say in them. History goes along
the years under the code of whoever carries it on (``warehouse.registry.contribution``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from transforms.indicators.departures import Gone, list_gone, seen_from_later
from transforms.indicators.measure_cells import (
    Codes,
    cells_of,
    codes_of,
    columns_of,
    is_deep,
    places_of,
    select_reported_cells,
)
from transforms.indicators.redrawn import forget_departures, redraw_cells, redraw_places
from warehouse.catalogue.frames import Measures
from warehouse.catalogue.load import Catalogue
from warehouse.expression.expression import Term
from warehouse.expression.nodes import YEARS_BACK


@dataclass(frozen=True)
class Tree:
    """The terms of all years, at the two places from which they are summed.

    ``base``: one row per year and township (its villages included), county (its own row) and city (its own row).
    ``villages``: one row per year and village, with the terms of deep measures only.
    Keys of both: year, unit (number of an org code in the registry). Beside the terms: base, county, city (units above),
    unit_code (who reports), is_open (whether something of it is not approved) and ``n__<level>``, how many units of that
    level a row speaks of.
    """

    base: pl.DataFrame
    villages: pl.DataFrame
    places: pl.DataFrame
    gone: Gone


@dataclass(frozen=True)
class Ground:
    """The units of all years, on which terms stand, whichever they are: of a country they take seconds to list.

    ``years``: those with data, ascending; ``span``: all from the first to the last. ``places``: one row per year of the span
    and unit (``places_of``, with is_open).
    """

    years: list[int]
    span: list[int]
    codes: Codes
    places: pl.DataFrame
    gone: Gone


def lay_ground(catalogue: Catalogue, final: pl.DataFrame, years: Sequence[int]) -> Ground:
    """The ground of ``years`` (ascending, at least one); ``final``: year, unit_code of the approved submissions."""
    span = list(range(years[0], years[-1] + 1))  # a year nobody reported for is missing, not absent
    codes = codes_of(catalogue.registry)
    places = _with_maturity(places_of(catalogue, span, codes), final)
    return Ground(list(years), span, codes, places, list_gone(catalogue.registry, span, codes))


def term_tree(
    measures: Measures,
    catalogue: Catalogue,
    terms: Iterable[Term],
    ground: Ground,
    seen_from: int | None = None,
) -> Tree:
    """The terms that formulas read, computed for every year of the data and every base node and village.

    ``seen_from``: a year whose units stand in all years.
    """
    terms = list(terms)
    span, codes, places, gone = ground.span, ground.codes, ground.places, ground.gone
    standing = places if seen_from is None else redraw_places(places, gone, seen_from)
    later = gone if seen_from is None else forget_departures(gone)
    reported = select_reported_cells(measures, codes, span[0])
    frames = {}
    for deep in (True, False):
        mine = [t for t in terms if is_deep(catalogue.measures[t.name]) == deep]
        names = sorted({t.name for t in mine})
        told, rows = (p if deep else p.filter(pl.col("org_level") != "village") for p in (places, standing))
        asked = [catalogue.measures[n] for n in names]
        cells = cells_of(reported, told, asked, catalogue, span, codes.count)
        if seen_from is not None:
            whole = {columns_of(Term(m.id))[0]: m.quantum for m in asked}
            cells = redraw_cells(cells, rows, gone, whole, seen_from)
        frames[deep] = _with_terms(cells, rows, mine, later, catalogue)
    base = _base(frames[False], frames[True], standing)
    wanted = pl.col("year").is_in(ground.years)
    return Tree(
        base=base.filter(wanted),
        villages=frames[True].filter(wanted, pl.col("org_level") == "village"),
        places=standing,
        gone=later,
    )


def _with_maturity(places: pl.DataFrame, final: pl.DataFrame) -> pl.DataFrame:
    """Adds is_open: the unit that reports this row has no approved submission for the year."""
    approved = final.select(pl.col("year").cast(pl.Int32), "unit_code", is_final=pl.lit(True)).unique()
    joined = places.join(approved, on=["year", "unit_code"], how="left", maintain_order="left")
    return joined.with_columns(is_open=pl.col("is_final").is_null()).drop("is_final")


def _with_terms(
    cells: pl.DataFrame,
    rows: pl.DataFrame,
    terms: list[Term],
    gone: Gone,
    catalogue: Catalogue,
) -> pl.DataFrame:
    """``rows`` with the three columns of each term."""
    plain = [t for t in terms if t.function is None]
    frame = pl.concat([rows, cells.select(c for t in plain for c in columns_of(t))], how="horizontal")
    past = [t for t in terms if t.function is not None]
    if not past:
        return frame
    read = dict.fromkeys(c for t in past for c in columns_of(Term(t.name)))
    back = [YEARS_BACK.get(t.function or "") for t in past]
    reach = None if None in back else max(b for b in back if b)
    whole = {columns_of(Term(t.name))[0]: catalogue.measures[t.name].quantum for t in past}
    history = seen_from_later(cells.select("year", "unit", *read), gone, whole, reach)
    sums = [
        pl.when(_looks_back(term)).then(source).otherwise(0.0).sum().alias(name)
        for term in past
        for source, name in zip(columns_of(Term(term.name)), columns_of(term), strict=True)
    ]
    summed = history.group_by("year", "unit").agg(sums)
    joined = frame.join(summed, on=["year", "unit"], how="left", maintain_order="left")
    lost = summed.join(frame, on=["year", "unit"], how="anti")
    if lost.height:
        raise AssertionError(f"history of {lost.height} units falls to units that do not exist")
    return joined.with_columns(pl.col(c).fill_null(0.0) for t in past for c in columns_of(t))


def _looks_back(term: Term) -> pl.Expr:
    """Which source years a term function sums."""
    if back := YEARS_BACK.get(term.function or ""):
        return pl.col("source_year") == pl.col("year") - back
    if term.function == "cumulative":
        return pl.col("source_year") >= (term.since or 0)
    raise ValueError(f"{term.function}() has no meaning in an indicator")


def _base(shallow: pl.DataFrame, deep: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Shallow rows, joined by the sums of the deep ones: a township takes in its villages."""
    numbers = [c for c in deep.columns if c not in places.columns]
    summed = deep.group_by("year", pl.col("base").alias("unit")).agg(
        *(pl.col(c).sum() for c in numbers), pl.col("n__village").sum(), pl.col("is_open").any()
    )
    base = shallow.drop("n__village", "is_open").join(
        summed, on=["year", "unit"], how="left", maintain_order="left"
    )
    if base.height != shallow.height or summed.height != shallow.height:
        raise AssertionError("every base node has one row in both frames")
    return base
