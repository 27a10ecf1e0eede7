"""Chooses the cells that are not published: small counts of families, and as few others as keep these from being worked out.

Whoever knows every published cell and every equation, and that no number is negative, finds for each hidden cell more numbers
than those within one of the true one. That is worked out (:mod:`transforms.disclosure.intervals`) until it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from transforms.disclosure.equations import CELL, EQUATION, Relation, list_equations
from transforms.disclosure.intervals import NEAR, Flags, Parts, System, find_exposed
from warehouse.catalogue.disclosure import Disclosure
from warehouse.catalogue.frames import SUPPRESSED, Schema, shaped
from warehouse.registry.levels import LEVELS

Ranks = npt.NDArray[np.int8]

KEY = tuple(SUPPRESSED)

CHOSEN: Schema = {
    **SUPPRESSED,
    "reason": pl.String,  # primary: a small count; complementary: such a count could be worked out from it
}
"""A cell that is not published, and why: only for whoever may see all, since a primary one is known to be small."""

_ROOM = 2 * NEAR + 1  # the numbers hidden beside a cell must be able to move by so much together


def suppress(
    cells: pl.DataFrame,
    parents: pl.DataFrame,
    relations: Sequence[Relation],
    disclosure: Disclosure,
    *,
    before: pl.DataFrame | None = None,
    more: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """CHOSEN of ``cells`` (CELL): for ``parents`` and ``relations`` see :func:`list_equations`.

    ``before``: KEY of cells that were hidden in an earlier publication, which stay hidden: another choice would tell of both.
    ``more``: EQUATION of what else is published of the cells. Raises AssertionError when a cell cannot be protected.
    """
    related = list_related(relations, disclosure.measures)
    known = shaped(cells, CELL).filter(pl.col("value").is_not_null(), pl.col("measure").is_in(related))
    known = known.unique(KEY, keep="first", maintain_order=True).sort(KEY).with_row_index("cell")
    equations = list_equations(known, parents, relations)
    system = _build(known, equations if more is None else pl.concat([equations, shaped(more, EQUATION)]))
    is_small = (
        pl.col("measure").is_in(disclosure.measures)
        & pl.col("org_level").is_in(disclosure.levels)
        & (pl.col("value") > 0)
        & (pl.col("value") <= disclosure.threshold)
    )
    primary = known.select(is_small).to_series().to_numpy()
    hidden = primary.copy()
    if before is not None:
        hidden[known.join(before, on=KEY, how="semi")["cell"].to_numpy()] = True
    ranks = {level: place for place, level in enumerate(reversed(LEVELS))}
    _hide_more(system, hidden, known["org_level"].replace_strict(ranks, return_dtype=pl.Int8).to_numpy())
    reason = pl.Series("reason", np.where(primary, "primary", "complementary"))
    return shaped(known.with_columns(reason).filter(pl.Series(hidden)), CHOSEN)


def list_related(relations: Sequence[Relation], measures: Collection[str]) -> set[str]:
    """The protected measures, and those that stand in a relation with them, directly or through others."""
    found = set(measures)
    while more := {name for relation in relations if found & relation.keys() for name in relation} - found:
        found |= more
    return found


def _build(known: pl.DataFrame, equations: pl.DataFrame) -> System:
    from scipy.sparse import csr_array

    placed = equations.join(known.select(*KEY, "cell"), on=KEY).with_columns(
        row=pl.col("equation").rank("dense") - 1
    )
    height = int(placed["row"].n_unique())
    places = (placed["row"].to_numpy().astype(np.int64), placed["cell"].to_numpy().astype(np.int64))
    matrix = csr_array((placed["coefficient"].to_numpy(), places), shape=(height, known.height))
    return System(matrix, known["value"].to_numpy())


def _hide_more(system: System, hidden: Flags, rank: Ranks) -> None:
    """Hide cell by cell until no hidden one is exposed."""
    parts: Parts = {}
    while (exposed := np.flatnonzero(find_exposed(system, hidden, parts))).size:
        enlarged: set[int] = set()
        for cell in exposed[np.argsort(system.values[exposed], kind="stable")].tolist():
            if enlarged.isdisjoint(system.equations_of(cell)):
                enlarged |= _hide_beside(system, hidden, rank, cell)
        assert enlarged, "a cell that stands in sums can be hidden among the others of one"


def _hide_beside(system: System, hidden: Flags, rank: Ranks, cell: int) -> set[int]:
    """Hide one more cell of the equation that tells most of ``cell``; the equations in which it stands. None: all are hidden."""
    for equation in sorted(system.equations_of(cell), key=lambda e: _add_up_hidden(system, hidden, e, cell)):
        room = _ROOM - _add_up_hidden(system, hidden, equation, cell)
        open_cells = [c for c in system.cells_of(equation).tolist() if not hidden[c]]
        if open_cells:
            costs = {c: _count_cost(system, hidden, rank, c, room) for c in open_cells}
            chosen = min(open_cells, key=lambda c: (costs[c], c))
            hidden[chosen] = True
            return set(system.equations_of(chosen))
    return set()


def _add_up_hidden(system: System, hidden: Flags, equation: int, cell: int) -> float:
    """What is hidden in an equation beside ``cell``: by so much the cell can move at the most."""
    return float(sum(system.values[c] for c in system.cells_of(equation) if hidden[c] and c != cell))


def _count_cost(
    system: System, hidden: Flags, rank: Ranks, cell: int, room: float
) -> tuple[bool, int, bool, int, float]:
    """How dear it is to hide a cell, the dearest reason first.

    A zero hides nothing; the number of a higher unit is missed by more people; one that is too small needs another beside it;
    one that stands alone in another equation does, too; and a large number is missed more than a small one.
    """
    value = float(system.values[cell])
    alone = [e for e in system.equations_of(cell) if not hidden[system.cells_of(e)].any()]
    return value == 0, int(rank[cell]), value < room, len(alone), value
