"""What somebody can work out of hidden cells from the published ones: between which numbers each of them must lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
Parts = dict[bytes, Flags]

NEAR = 1.0
"""A hidden cell must not be known to within so much of its value."""
_FAR = 1000.0  # what lies farther from a value than this is as good as unknown
_TOLERANCE = 1e-6
_DRAWN_AIMS = 4


@dataclass(frozen=True)
class System:
    """Cells and the equations they stand in: ``matrix`` (scipy's CSR, an equation a row) times ``values`` is known."""

    matrix: Any
    values: Numbers

    def cells_of(self, equation: int) -> npt.NDArray[np.int32]:
        """The cells of an equation."""
        return _row(self.matrix, equation)

    def equations_of(self, cell: int) -> list[int]:
        """The equations in which a cell stands."""
        return list(map(int, _row(self._by_cell, cell)))

    @cached_property
    def _by_cell(self) -> Any:
        return self.matrix.T.tocsr()


def _row(matrix: Any, place: int) -> npt.NDArray[np.int32]:
    found: npt.NDArray[np.int32] = matrix.indices[matrix.indptr[place] : matrix.indptr[place + 1]]
    return found


def find_exposed(system: System, hidden: Flags, parts: Parts | None = None) -> Flags:
    """The hidden cells that are known to within NEAR, by somebody who knows the rest and that no number is negative.

    ``parts`` keeps what was worked out of cells that are hidden together, for the next question about the same system.
    """
    known = {} if parts is None else parts
    exposed = _find_subtractable(system, hidden)
    if exposed.any():
        return exposed  # the others are worth a look only when these are hidden better
    for cells, equations in _split(system, hidden):
        key = cells.tobytes()
        if key not in known:
            known[key] = ~_is_loose(system.matrix[equations][:, cells], system.values[cells])
        exposed[cells] = known[key]
    return exposed


def _find_subtractable(system: System, hidden: Flags) -> Flags:
    """The hidden cells that are the only one of an equation."""
    among = system.matrix[:, np.flatnonzero(hidden)].tocsr()
    alone = among.indices[among.indptr[:-1][np.diff(among.indptr) == 1]]
    found = np.zeros(len(hidden), dtype=bool)
    found[np.flatnonzero(hidden)[alone]] = True
    return found


def _split(system: System, hidden: Flags) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Hidden cells and their equations, in parts that have nothing to do with each other."""
    from scipy.sparse import bmat
    from scipy.sparse.csgraph import connected_components

    cells = np.flatnonzero(hidden)
    matrix = system.matrix[:, cells]
    equations = np.flatnonzero(np.diff(matrix.indptr))
    matrix = matrix[equations]
    graph = bmat([[None, matrix], [matrix.T, None]], format="csr")
    if not len(equations):
        return []
    count, part_of = connected_components(graph, directed=False)
    of_equation, of_cell = part_of[: len(equations)], part_of[len(equations) :]
    return [
        (cells[of_cell == part], equations[of_equation == part])
        for part in range(count)
        if (of_equation == part).any()
    ]


def _is_loose(matrix: Any, values: Numbers) -> Flags:
    """Which of these cells may differ by more than twice NEAR, whatever the equations say."""
    lowest, highest = values.copy(), values.copy()
    draw = np.random.default_rng(len(values))
    for _ in range(
        _DRAWN_AIMS
    ):  # most cells are loose, and one answer that is far off shows it of many of them
        found = _push(matrix, values, draw.choice([-1.0, 1.0], len(values)))
        lowest, highest = np.minimum(lowest, found), np.maximum(highest, found)
    for cell in range(len(values)):
        for sign in (1.0, -1.0):
            if highest[cell] - lowest[cell] <= 2 * NEAR + _TOLERANCE:
                aim = np.zeros(len(values))
                aim[cell] = sign
                found = _push(matrix, values, aim)
                lowest, highest = np.minimum(lowest, found), np.maximum(highest, found)
    loose: Flags = highest - lowest > 2 * NEAR + _TOLERANCE
    return loose


def _push(matrix: Any, values: Numbers, aim: Numbers) -> Numbers:
    """Cells that add up as ``values`` do, and are as large as they can be where ``aim`` is 1, as small where it is -1."""
    from scipy.optimize import linprog

    bounds = np.column_stack([np.zeros(len(values)), values + _FAR])
    result = linprog(-aim, A_eq=matrix, b_eq=matrix @ values, bounds=bounds, method="highs")
    assert result.status == 0, "the cells themselves are one answer"
    found: Numbers = result.x
    return found
