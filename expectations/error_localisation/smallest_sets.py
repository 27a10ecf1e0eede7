"""The cells most likely wrong in a row that breaks rules, after Fellegi and Holt (JASA 71, 1976, 17-35).

For each row: all smallest sets of cells whose change makes every rule hold again, those that bring the numbers nearest
to last year's first. Rules that share a cell are solved together; rules of the row that have no cell in common with
them are another mistake, with sets of their own. Sets of one cell and of two numbers are searched.

Values are tried, not derived: along a cell a rule can only change its answer where one of its comparisons turns
(``Expression.boundaries``), in the plane of two cells where two such lines cross. These points and the whole
numbers around them are put in place of the cells and judged by the rules' own predicates, all rows at once. So a set
is named only when it satisfies the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import polars as pl

from expectations.error_localisation.likely_words import write_sentences
from expectations.error_localisation.mends import MEND, Around, Variable, find_single_mends
from expectations.error_localisation.mends_of_two import find_double_mends
from expectations.verdicts.rule_checks import Check
from warehouse.catalogue.frames import Schema, empty, shaped

PLACE = ("submission", "rule", "org_code", "item")

LIKELY: Schema = {**dict.fromkeys((*PLACE, "likely"), pl.String)}
"""What is said of the findings of one suite: PLACE (key) and one Chinese sentence."""

SET: Schema = {**MEND, "group": pl.Int32, "cells": pl.List(pl.String)}
"""MEND, the lowest number of the broken rules that the set mends, and its cells by name."""


def find_likely_cells(
    checks: Sequence[Check], frame: pl.DataFrame, variables: Sequence[Variable], history: pl.DataFrame
) -> pl.DataFrame:
    """LIKELY of what ``checks``, expression rules, find broken in ``frame``, where something can be said.

    ``history``: org_code, year, measure, previous_value: what the year before ``year`` had.
    """
    search = Search(checks, frame, variables, history)
    if search.suspects.is_empty():
        return empty(LIKELY)
    ones = search.find_single_sets()
    said = write_sentences(ones, search.find_pair_sets(ones), search.groups).drop_nulls("likely")
    ids = pl.DataFrame(
        [(number, rule.rule.id, rule.finding_field) for number, rule in enumerate(search.rules)],
        schema={"number": pl.Int32, "rule": pl.String, "shown_at": pl.String},
        orient="row",
    )
    return (
        search.members.join(said, on=["place", "group"])
        .join(ids, on="number")
        .remove(
            (pl.col("only_cell") == pl.col("shown_at")).fill_null(value=False)
        )  # the finding itself says as much
        .join(search.suspects.select("place", "submission", "org_code", "item"), on="place")
        .select(*LIKELY)
        .unique(list(PLACE), keep="first", maintain_order=True)
    )


class Search:
    """Tries the cells of the suspects, the rows that break a rule, one by one, then two by two.

    ``members``: place, number (of a broken rule), group; ``groups``: place, group, cell_count.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        frame: pl.DataFrame,
        variables: Sequence[Variable],
        history: pl.DataFrame,
    ) -> None:
        self.rules = [c for c in checks if c.rule.severity != "info" and not _asks_for_answers(c)]
        self.cells = [_select_cell_columns(rule) for rule in self.rules]
        read = frozenset[str]().union(*self.cells)
        self.variables = [v for v in variables if v.name in read]
        self.frame, self.history = frame, history
        self.suspects = _find_suspect_rows(frame, self.rules)
        self.members = _group_broken_rules(self.suspects, self.cells)
        self.groups = self._read_groups()

    def _read_groups(self) -> pl.DataFrame:
        read = pl.DataFrame(
            [(number, cell) for number, cells in enumerate(self.cells) for cell in sorted(cells)],
            schema={"number": pl.Int32, "cell": pl.String},
            orient="row",
        )
        return (
            self.members.join(read, on="number")
            .group_by("place", "group", maintain_order=True)
            .agg(cell_count=pl.col("cell").n_unique())
        )

    def find_single_sets(self) -> pl.DataFrame:
        """SET of one cell each."""
        return self._collect_sets(
            find_single_mends, [(variable,) for variable in self.variables], self.members
        )

    def find_pair_sets(self, ones: pl.DataFrame) -> pl.DataFrame:
        """SET of two numbers each, for the groups that none of ``ones`` mends."""
        numbers = [variable for variable in self.variables if variable.is_number]
        left = self.members.join(ones, on=["place", "group"], how="anti")
        return self._collect_sets(find_double_mends, combinations(numbers, 2), left)

    def _collect_sets(
        self,
        search: Callable[..., pl.DataFrame],
        candidates: Iterable[tuple[Variable, ...]],
        members: pl.DataFrame,
    ) -> pl.DataFrame:
        found = [empty(SET)]
        for variables in candidates:
            cells = [variable.name for variable in variables]
            groups = self._select_covered_groups({*cells}, members)
            if groups.height:
                around = self._around({*cells}, groups)
                mends = search(*variables, around)
                found.append(shaped(groups.join(mends, on="place").with_columns(cells=pl.lit(cells)), SET))
        return pl.concat(found)

    def _select_covered_groups(self, cells: set[str], members: pl.DataFrame) -> pl.DataFrame:
        """The groups all of whose broken rules read one of ``cells``: only they can be mended there."""
        elsewhere = [number for number, read in enumerate(self.cells) if not read & cells]
        left_broken = members.filter(pl.col("number").is_in(elsewhere))
        return members.select("place", "group").unique().join(left_broken, on=["place", "group"], how="anti")

    def _around(self, cells: set[str], groups: pl.DataFrame) -> Around:
        rules = [rule for rule, read in zip(self.rules, self.cells, strict=True) if read & cells]
        edges = [
            edge
            for rule in rules
            for part in (rule.rule.requirement, rule.rule.precondition)
            if part is not None
            for edge in part.boundaries
            if {term.name for term in edge.terms if term.function is None} & cells
        ]
        rows = self.suspects.join(groups, on="place", how="semi")
        return Around(rows, rules, edges, self.frame, self.history)


def _find_suspect_rows(frame: pl.DataFrame, rules: Sequence[Check]) -> pl.DataFrame:
    """The rows that break a rule, with ``broken_0``, ``broken_1``, … and the row number ``place``."""
    broken = {f"broken_{number}": (~rule.verdict).fill_null(value=False) for number, rule in enumerate(rules)}
    is_broken = pl.any_horizontal(pl.lit(value=False), *broken)
    return frame.with_columns(**broken).filter(is_broken).with_row_index("place")


def _group_broken_rules(suspects: pl.DataFrame, cells: Sequence[frozenset[str]]) -> pl.DataFrame:
    """place, number, group of every broken rule of every row: broken rules that share a cell are one group."""
    numbers = range(len(cells))
    touching = [[other for other in numbers if cells[number] & cells[other]] for number in numbers]
    labels = suspects.select(
        "place", *(pl.when(f"broken_{n}").then(pl.lit(n, pl.Int32)).alias(f"group_{n}") for n in numbers)
    )
    while True:
        spread = labels.with_columns(
            pl.when(pl.col(f"group_{n}").is_not_null())
            .then(pl.min_horizontal(f"group_{other}" for other in touching[n]))
            .alias(f"group_{n}")
            for n in numbers
        )
        if spread.equals(labels):
            break
        labels = spread
    return (
        labels.unpivot(index="place", variable_name="number", value_name="group")
        .select("place", pl.col("number").str.strip_prefix("group_").cast(pl.Int32), "group")
        .drop_nulls("group")
    )


def _select_cell_columns(check: Check) -> frozenset[str]:
    """The columns a rule reads that are this year's cells."""
    return frozenset(t.name for t in check.rule.terms if t.function is None) & {*check.rule.operands}


def _asks_for_answers(check: Check) -> bool:
    """Whether a rule asks for an answer to be given or left out: there is no number to be tried."""
    parts = (check.rule.requirement, check.rule.precondition)
    return any(part is not None and part.asks_for_answers for part in parts)
