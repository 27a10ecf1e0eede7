"""The cells most likely wrong in a row that breaks rules, after Fellegi and Holt (JASA 71, 1976, 17-35).

For each row: all smallest sets of cells whose change makes every rule hold again, ordered by how near they bring the
numbers to last year's. Broken rules that share a cell form a group and are solved together; each group of a row is a
mistake of its own. Sets of one cell and of two numbers are searched.

Values are tried, not derived. Along one cell a rule can change its answer only at its boundaries
(``Expression.boundaries``); in the plane of two cells, where two boundaries cross. These points and the whole numbers
beside them replace the cells, and the rules' own predicates judge all rows at once. So every set that is named satisfies
the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

import polars as pl

from expectations.error_localisation.likely_words import write_sentences
from expectations.error_localisation.mends import MEND, Trial, Variable, find_single_mends
from expectations.error_localisation.mends_of_two import find_double_mends
from expectations.verdicts.rule_checks import Check
from warehouse.catalogue.frames import Schema, empty, shaped

ROW_FINDING_KEY = ("submission", "rule", "org_code", "item")

LIKELY: Schema = {**dict.fromkeys((*ROW_FINDING_KEY, "likely"), pl.String)}
"""One Chinese sentence for a finding of a row; key: ROW_FINDING_KEY."""

SET: Schema = {**MEND, "group": pl.Int32, "cells": pl.List(pl.String)}
"""MEND, the group of broken rules that the set mends, and the names of its cells."""


def find_likely_cells(
    checks: Sequence[Check], frame: pl.DataFrame, variables: Sequence[Variable], history: pl.DataFrame
) -> pl.DataFrame:
    """LIKELY of the rows of ``frame`` that break one of ``checks`` (of expression rules); none where nothing is known.

    ``history``: org_code, year, measure, previous_value (of the year before ``year``).
    """
    search = Search(checks, frame, variables, history)
    if search.suspects.is_empty():
        return empty(LIKELY)
    ones = search.find_single_sets()
    said = write_sentences(ones, search.find_pair_sets(ones), search.groups).drop_nulls("likely")
    ids = pl.DataFrame(
        [(number, rule.rule.id, rule.finding_field) for number, rule in enumerate(search.rules)],
        schema={"number": pl.Int32, "rule": pl.String, "finding_field": pl.String},
        orient="row",
    )
    return (
        search.members.join(said, on=["suspect", "group"])
        .join(ids, on="number")
        .remove(
            (pl.col("only_cell") == pl.col("finding_field")).fill_null(value=False)
        )  # the finding names that cell already
        .join(search.suspects.select("suspect", "submission", "org_code", "item"), on="suspect")
        .select(*LIKELY)
        .unique(list(ROW_FINDING_KEY), keep="first", maintain_order=True)
    )


class Search:
    """Tries the cells of the suspects (the rows that break a rule), one by one, then in pairs.

    ``members``: suspect, number (of a broken rule), group; ``groups``: suspect, group, cell_count.
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
            .group_by("suspect", "group", maintain_order=True)
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
        left = self.members.join(ones, on=["suspect", "group"], how="anti")
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
                trial = self._make_trial({*cells}, groups)
                mends = search(*variables, trial)
                found.append(shaped(groups.join(mends, on="suspect").with_columns(cells=pl.lit(cells)), SET))
        return pl.concat(found)

    def _select_covered_groups(self, cells: set[str], members: pl.DataFrame) -> pl.DataFrame:
        """The groups whose broken rules all read one of ``cells``: no other group can be mended by them."""
        elsewhere = [number for number, read in enumerate(self.cells) if not read & cells]
        left_broken = members.filter(pl.col("number").is_in(elsewhere))
        return (
            members.select("suspect", "group").unique().join(left_broken, on=["suspect", "group"], how="anti")
        )

    def _make_trial(self, cells: set[str], groups: pl.DataFrame) -> Trial:
        rules = [rule for rule, read in zip(self.rules, self.cells, strict=True) if read & cells]
        edges = [
            edge
            for rule in rules
            for part in (rule.rule.requirement, rule.rule.precondition)
            if part is not None
            for edge in part.boundaries
            if {term.name for term in edge.terms if term.function is None} & cells
        ]
        rows = self.suspects.join(groups, on="suspect", how="semi")
        return Trial(rows, rules, edges, self.frame, self.history)


def _find_suspect_rows(frame: pl.DataFrame, rules: Sequence[Check]) -> pl.DataFrame:
    """The rows that break a rule, with ``broken_0``, ``broken_1``, … and their index ``suspect``."""
    broken = {f"broken_{number}": (~rule.verdict).fill_null(value=False) for number, rule in enumerate(rules)}
    is_broken = pl.any_horizontal(pl.lit(value=False), *broken)
    return frame.with_columns(**broken).filter(is_broken).with_row_index("suspect")


def _group_broken_rules(suspects: pl.DataFrame, cells: Sequence[frozenset[str]]) -> pl.DataFrame:
    """suspect, number, group of every broken rule of every row; broken rules that share a cell are one group."""
    numbers = range(len(cells))
    touching = [[other for other in numbers if cells[number] & cells[other]] for number in numbers]
    labels = suspects.select(
        "suspect", *(pl.when(f"broken_{n}").then(pl.lit(n, pl.Int32)).alias(f"group_{n}") for n in numbers)
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
        labels.unpivot(index="suspect", variable_name="number", value_name="group")
        .select("suspect", pl.col("number").str.strip_prefix("group_").cast(pl.Int32), "group")
        .drop_nulls("group")
    )


def _select_cell_columns(check: Check) -> frozenset[str]:
    """The columns a rule reads that hold this year's cells."""
    return frozenset(t.name for t in check.rule.terms if t.function is None) & {*check.rule.operands}


def _asks_for_answers(check: Check) -> bool:
    """Whether a rule demands that an answer be given or left out, so that no value can be tried."""
    parts = (check.rule.requirement, check.rule.precondition)
    return any(part is not None and part.asks_for_answers for part in parts)
