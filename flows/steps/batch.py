"""A batch of received files as it grows on its way: read, conformed, judged, decided.

All that reading, conforming and judging are given can be pickled, and every frame can be written as Parquet: a night runs
these steps part by part, perhaps in other processes (flows/partitions).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import polars as pl

from expectations.judge import Judgement
from expectations.verdicts.decision import DECISION
from expectations.verdicts.silence import CELL_ASKED
from expectations.verdicts.verdicts import Suite
from transforms.conforming.conform import Conformed
from transforms.observing.observations import Observed
from transforms.reading.file_read import FileRead
from warehouse.catalogue.frames import (
    MEASURE,
    OBSERVATION,
    RECEIVED,
    SUBMISSION,
    Measures,
    Observations,
    Schema,
    Submissions,
    empty,
)
from warehouse.ledger.journal import Entry
from warehouse.words.personal_numbers import mask_numbers

REFUSED: Schema = {
    "submission": pl.String,
    "rule": pl.String,  # the refusal's id
    "detail": pl.String,
    "unit_code": pl.String,  # where the receipt goes; null when nobody knows
    "year": pl.Int32,
    "file_name": pl.String,
    "received_seq": pl.Int64,
    "received_at": pl.String,
    "run": pl.String,
}

DECIDED: Schema = {**SUBMISSION, "filled_count": pl.Int64, **DECISION, "status": pl.String}
"""A submission with its decision; ``status`` is what the decision is until somebody revises it."""


@dataclass(frozen=True)
class ReceivedFile:
    """Archived bytes, and what the journal says of their receipt."""

    submission: str
    path: Path
    file_name: str
    folder: str | None
    received_seq: int
    received_at: str
    run: str | None


@dataclass(frozen=True)
class Member:
    """A workbook that was found together with others in one file."""

    container: ReceivedFile
    name: str
    content: bytes


@dataclass(frozen=True)
class Background:
    """What the warehouse knows when a batch comes.

    ``prior``: the standing measures of all years; ``later``: those of later years, which are compared anew with what the
    batch says of the years before them; ``asked_later`` (CELL_ASKED): the cells of them that rules over a single
    year ask about already. ``received`` (RECEIVED): their readable submissions so far; ``earlier``: what those said that a
    correction workbook may answer. ``totals`` (TOTAL): what the whole city had; None where that is the sum of ``prior``.
    """

    prior: Measures = field(default_factory=partial(empty, MEASURE))
    later: Measures = field(default_factory=partial(empty, MEASURE))
    asked_later: pl.DataFrame = field(default_factory=partial(empty, CELL_ASKED))
    received: pl.DataFrame = field(default_factory=partial(empty, RECEIVED))
    earlier: Observations = field(default_factory=partial(empty, OBSERVATION))
    totals: pl.DataFrame | None = None


@dataclass(frozen=True)
class Batch:
    """Files that are taken in together. Each step (flows.steps) gives a batch that knows more; what it lacks is empty.

    Read: ``submissions`` (SUBMISSION) that could be read, with ``reads``, their content, until it is conformed;
    ``refused`` (REFUSED); ``members`` found in refused containers; ``answered``: correction workbook -> the submission it
    answers. Conformed: ``conformed`` and ``observed``. Judged: ``judgement``, with the ``suites`` that Great Expectations
    is still to count, and ``compared_anew``, the later submissions that were compared with this batch.
    """

    submissions: Submissions = field(default_factory=partial(empty, SUBMISSION))
    refused: pl.DataFrame = field(default_factory=partial(empty, REFUSED))
    members: tuple[Member, ...] = ()
    answered: Mapping[str, str] = field(default_factory=dict)
    reads: Mapping[str, FileRead] = field(default_factory=dict)
    conformed: Conformed = field(default_factory=Conformed)
    observed: Observed = field(default_factory=Observed)
    judgement: Judgement = field(default_factory=Judgement)
    suites: tuple[Suite, ...] = ()
    compared_anew: tuple[str, ...] = ()

    @property
    def filled_cells(self) -> pl.DataFrame:
        """The submission of each cell that holds something, zeros too, and of each roster that says it lists nothing."""
        cells = self.observed.observations.filter(pl.col("state").is_in(["value", "zero"]))
        return pl.concat([cells.select("submission"), self.conformed.declared_empty.select("submission")])

    def only(self, submissions: Collection[str]) -> Batch:
        """As if only these readable submissions were in the batch; read and, if it was, conformed."""
        return replace(
            self,
            submissions=self.submissions.filter(pl.col("submission").is_in(list(submissions))),
            answered={s: a for s, a in self.answered.items() if s in submissions},
            reads={s: read for s, read in self.reads.items() if s in submissions},
            conformed=self.conformed.select_submissions(submissions),
            observed=self.observed.select_submissions(submissions),
        )


def describe_file(entry: Entry, path: Path) -> ReceivedFile:
    """The file of a receipt in the journal; ``path``: where its bytes rest."""
    return ReceivedFile(
        str(entry.submission),
        path,
        mask_numbers(str(entry.payload["file_name"])),
        entry.payload.get("folder"),
        entry.seq,
        entry.at.isoformat(timespec="seconds"),
        entry.run,
    )


_NAMED = 3


def describe_units(submissions: Submissions, names: Mapping[str, str]) -> str:
    """Unit and year of submissions: ``滨城区 2024、沾化区 2024 等 7 份``."""
    listed = submissions.select("unit_code", "year").head(_NAMED)
    first = "、".join(f"{names.get(unit, unit)} {year}" for unit, year in listed.iter_rows())
    return f"{first} 等 {submissions.height} 份" if submissions.height > _NAMED else first or "0 份"
