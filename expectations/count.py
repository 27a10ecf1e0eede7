"""Great Expectations counts the verdicts of all parts of a batch, suite by suite, so that only one of them is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl
from more_itertools import constrained_batches

from expectations.gate.night_docs import merge_suite_runs
from expectations.judge import collect_results, list_checks, run_gate
from expectations.rulebook.rulebook import RuleBook
from expectations.verdicts.rule_checks import Check
from expectations.verdicts.verdicts import Suite
from warehouse.catalogue.frames import RULE_RESULT, empty
from warehouse.catalogue.load import Catalogue

if TYPE_CHECKING:
    from expectations.gate.suites import SuiteRun

MOST_CELLS = 40_000_000
"""About so many verdicts are counted at a time: pandas and Great Expectations hold some 20 bytes for each."""

_FEW_CELLS = 4_000_000
"""So many verdicts of several suites are in memory together."""


@dataclass(frozen=True)
class SuitePart:
    """A suite of one part: its title, how many rows each check concerns, and what reads its verdicts."""

    title: str
    concerned: Mapping[str, int]
    read: Callable[[], pl.DataFrame]


def count_verdicts(
    parts: Sequence[Mapping[str, SuitePart]], catalogue: Catalogue, rulebook: RuleBook
) -> tuple[pl.DataFrame, list[SuiteRun]]:
    """RULE_RESULT over all ``parts`` (suites by name), and the runs of the suites for the Data Docs.

    RuntimeError where Great Expectations does not count in the union of the verdicts what polars does.
    """
    names = list(dict.fromkeys(name for part in parts for name in part))
    order = [*catalogue.forms, *(name for name in names if name not in catalogue.forms)]
    results = [empty(RULE_RESULT)]
    runs: list[SuiteRun] = []
    unions = (
        suite
        for name in sorted(names, key=order.index)
        for suite in _list_unions(
            name, [part[name] for part in parts if name in part], list_checks(name, catalogue, rulebook)
        )
    )
    # Small ones together, since each call of Great Expectations takes a while to begin.
    for suites in constrained_batches(unions, _FEW_CELLS, get_len=_count_cells, strict=False):
        counted = run_gate(suites)
        results.append(collect_results(suites, counted))
        runs += counted
    keys = ("rule", "form", "severity")
    whole = pl.concat(results).group_by(keys, maintain_order=True)
    return whole.agg(pl.col("evaluated", "failed", "not_evaluated").sum()), merge_suite_runs(runs)


def _count_cells(suite: Suite) -> int:
    return suite.verdicts.height * suite.verdicts.width


def _list_unions(name: str, parts: Sequence[SuitePart], checks: Sequence[Check]) -> Iterator[Suite]:
    """The suite over the rows of all parts, in pieces of about MOST_CELLS."""
    known = {check for part in parts for check in part.concerned}
    made = tuple(check for check in checks if check.id in known)
    ids = [check.id for check in made]
    waiting: list[tuple[SuitePart, pl.DataFrame]] = []
    for part in parts:
        waiting.append((part, part.read()))
        if sum(frame.height for _, frame in waiting) * len(ids) >= MOST_CELLS:
            yield _join(name, made, waiting)
            waiting = []
    if waiting:
        yield _join(name, made, waiting)


def _join(name: str, checks: tuple[Check, ...], parts: Iterable[tuple[SuitePart, pl.DataFrame]]) -> Suite:
    asked = [part for part, _ in parts]
    ids = [check.id for check in checks]
    verdicts = pl.concat(
        frame.select(
            (pl.col(id) if id in frame.columns else pl.lit(None)).cast(pl.Boolean).alias(id) for id in ids
        )
        for _, frame in parts
    )
    concerned = {id: sum(part.concerned.get(id, 0) for part in asked) for id in ids}
    return Suite(name, asked[0].title, checks, pl.DataFrame(), verdicts, concerned)
