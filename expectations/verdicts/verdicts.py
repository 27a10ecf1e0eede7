"""VERDICT: one Boolean per check and row of a frame. The gate counts it; its False cells are the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from expectations.verdicts.rule_checks import Check
from warehouse.catalogue.frames import Verdicts


@dataclass(frozen=True)
class Suite:
    """The rows of a form (or of units, or of series) and their verdicts.

    ``verdicts``: a Boolean column per check id, in the order of ``rows``; null where the check was not evaluated.
    ``concerned_counts``: check id -> number of rows that the check concerns.
    """

    name: str
    title: str
    checks: tuple[Check, ...]
    rows: pl.DataFrame
    verdicts: Verdicts
    concerned_counts: Mapping[str, int]

    def select_broken(self, check: Check) -> pl.DataFrame:
        """The rows that break ``check``."""
        return self.rows.filter(~self.verdicts[check.id])

    def count_failures(self) -> dict[str, int]:
        """Check id -> number of rows that break it."""
        return _to_counts(self.verdicts.select((~pl.all()).sum().cast(pl.Int64)))


def join_suites(parts: Sequence[Suite]) -> Suite:
    """The parts of one suite, evaluated one after the other; at least one."""
    return replace(
        parts[0],
        rows=pl.concat(part.rows for part in parts),
        verdicts=pl.concat(part.verdicts for part in parts),
        concerned_counts={c.id: sum(p.concerned_counts[c.id] for p in parts) for c in parts[0].checks},
    )


def evaluate(name: str, title: str, checks: Sequence[Check], rows: pl.DataFrame) -> Suite:
    """The verdicts of all ``checks`` on the rows of a prepared frame."""
    rows = (
        rows.rechunk()
    )  # a frame of unequal chunks, filtered by a Series, makes polars 2.1 panic in a later select
    ids = [check.id for check in checks]
    assert len(set(ids)) == len(ids), "a check's id is unique in its suite"
    verdicts = rows.select(check.verdict.cast(pl.Boolean).alias(check.id) for check in checks)
    concerned = rows.select(check.is_concerned.sum().cast(pl.Int64).alias(check.id) for check in checks)
    return Suite(name, title, tuple(checks), rows, verdicts, _to_counts(concerned))


def _to_counts(one_row: pl.DataFrame) -> dict[str, int]:
    return one_row.row(0, named=True) if one_row.width else {}
