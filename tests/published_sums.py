"""Plays whoever wants to know a hidden count: every sum that the published file tells of, and linear programming.

Of the program under test it uses nothing but the published file.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import duckdb
import numpy as np
from scipy.optimize import linprog

Cell = tuple[int, str, str]
"""Year, unit, measure."""
Sum = tuple[dict[Cell, float], float]
"""Cells with their coefficients, and what they add up to."""

PARTS_OF_MEMBERS = ("bereaved_member_count", "disabled_member_count"), "special_family_member_count"


def find_bounds(database: Path) -> dict[Cell, tuple[float, float]]:
    """The lowest and the highest number that each hidden count may be."""
    with duckdb.connect(str(database), read_only=True) as connection:
        hidden = {tuple(row) for row in connection.execute("FROM core.suppressed").fetchall()}
        known = {
            (year, code, measure): value
            for year, code, measure, value in connection.execute(
                "SELECT year, org_code, measure, value FROM core.rollup WHERE value IS NOT NULL"
            ).fetchall()
        }
        sums = [
            *_sums_of_units(connection),
            *_sums_of_measures(hidden, known),
            *_sums_of_indicators(connection),
        ]
    return _solve(hidden, known, sums)


def _sums_of_units(connection: duckdb.DuckDBPyConnection) -> list[Sum]:
    """Units of a year make the unit above, measure by measure: its number is theirs and what it reported itself."""
    below: dict[Cell, list[str]] = defaultdict(list)
    for year, parent, code, measure in connection.execute(
        """SELECT r.year, u.parent_code, r.org_code, r.measure FROM core.rollup AS r
           JOIN core.org_unit AS u ON u.org_code = r.org_code
                AND r.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
           WHERE r.state IN ('value', 'zero', 'suppressed') AND u.parent_code IS NOT NULL
             AND r.measure IN (SELECT measure FROM core.suppressed)"""
    ).fetchall():
        below[year, parent, measure].append(code)
    return [
        ({(year, parent, measure): -1.0, **{(year, code, measure): 1.0 for code in codes}}, 0.0)
        for (year, parent, measure), codes in below.items()
    ]


def _sums_of_measures(hidden: set[Cell], known: dict[Cell, float]) -> list[Sum]:
    parts, whole = PARTS_OF_MEMBERS
    places = {(year, code) for year, code, _ in [*hidden, *known]}
    return [
        ({**{(year, code, part): 1.0 for part in parts}, (year, code, whole): -1.0}, 0.0)
        for year, code in places
        if all((year, code, name) in hidden or (year, code, name) in known for name in (*parts, whole))
    ]


def _sums_of_indicators(connection: duckdb.DuckDBPyConnection) -> list[Sum]:
    """Published numerators, denominators and plain numbers: sums of the units that gave every term."""
    found: list[Sum] = []
    formulas = connection.execute(
        """SELECT name, formula FROM mart.dictionary WHERE kind = 'indicator' AND name IN
                  (SELECT indicator FROM mart.term WHERE measure IN (SELECT measure FROM core.suppressed)
                   AND window_function IS NULL AND function IS NULL)"""
    ).fetchall()
    for indicator, formula in formulas:
        units: dict[tuple[int, str, str], list[str]] = defaultdict(list)
        for year, node, term, unit in connection.execute(
            """SELECT year, of_node, term, source_code FROM term_parts(?, 0, 9999)
               WHERE NOT is_left_out AND state IN ('value', 'zero', 'suppressed')""",
            [indicator],
        ).fetchall():
            units[year, node, term].append(unit)
        over, _, under = formula.partition("/")
        for year, code, value, numerator, denominator in connection.execute(
            """SELECT year, org_code, value, numerator, denominator FROM mart.indicator_log
               WHERE indicator = ? AND state IN ('value', 'zero') AND known_to IS NULL""",
            [indicator],
        ).fetchall():
            for side, number in ((over, value if denominator is None else numerator), (under, denominator)):
                names = [n.strip(" ()") for n in side.replace("* 100", "").split("+") if n.strip(" ()")]
                if number is not None and names and all(n.isidentifier() for n in names):
                    parts = {(year, unit, name): 1.0 for name in names for unit in units[year, code, name]}
                    found.append((parts, number))
    return found


def _solve(hidden: set[Cell], known: dict[Cell, float], sums: list[Sum]) -> dict[Cell, tuple[float, float]]:
    unknown = sorted(hidden)
    place = {cell: index for index, cell in enumerate(unknown)}
    matrix, right = [], []
    for parts, total in sums:
        row, rest = np.zeros(len(unknown)), total
        for cell, coefficient in parts.items():
            if cell in place:
                row[place[cell]] += coefficient
            else:
                rest -= coefficient * known.get(cell, 0.0)
        if row.any():
            matrix.append(row)
            right.append(rest)
    bounds = {}
    for cell, index in place.items():
        aim = np.zeros(len(unknown))
        aim[index] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            result = linprog(sign * aim, A_eq=np.array(matrix), b_eq=right, bounds=(0, None))
            assert result.status in (0, 3), result.message
            ends.append(float(result.fun * sign) if result.status == 0 else np.inf)
        bounds[cell] = (ends[0], ends[1])
    return bounds
