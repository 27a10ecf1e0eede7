"""VERDICT: beside each row of a frame one Boolean per check, computed once; the gate counts it, findings are its False cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from expectations.verdicts.rule_checks import Check
from warehouse.catalogue.frames import Verdicts


@dataclass(frozen=True)
class Suite:
    """The rows of a form (or of units, or of series) and what every check says of each of them.

    ``verdicts``: a Boolean column per check, named by its id, in the order of ``rows``: null where it was not evaluated.
    ``concerned``: check id -> how many rows are its business.
    """

    name: str
    title: str
    checks: tuple[Check, ...]
    rows: pl.DataFrame
    verdicts: Verdicts
    concerned_counts: Mapping[str, int]

    def select_broken(self, check: Check) -> pl.DataFrame:
        """The rows in which ``check`` does not hold."""
        return self.rows.filter(~self.verdicts[check.id])

    def count_failures(self) -> dict[str, int]:
        """Check id -> how many rows break it."""
        return _to_counts(self.verdicts.select((~pl.all()).sum().cast(pl.Int64)))


def evaluate(name: str, title: str, checks: Sequence[Check], rows: pl.DataFrame) -> Suite:
    """Every check at every row of a prepared frame."""
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
