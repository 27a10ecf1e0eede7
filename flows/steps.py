"""The steps of a night as plain functions: frames in, frames out, in the order nightly.py lists them.

Both the incremental night and ``rebuild`` go through these functions, so that they cannot differ.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import polars as pl

from expectations.judge import Batch, Judgement, judge
from expectations.rulebook.rulebook import RuleBook
from expectations.verdicts.decision import CIRCUMSTANCE, decide
from expectations.verdicts.returned import find_unanswered_returns
from expectations.verdicts.silence import CELL_ASKED
from flows.ending import is_ending
from flows.system_words import machine_fault
from flows.wall.wall import Death, ReadJob, read_all
from transforms.conforming.conform import Conformed, assemble, conform
from transforms.conforming.identify import identify
from transforms.conforming.observations import Observed, observe
from transforms.reading.reading import FileRead, reading_plan
from warehouse.catalogue.frames import MEASURE, SUBMISSION, Observations, Submissions, empty
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.journal import Entry
from warehouse.ledger.review_entries import (
    EMPTY,
    EMPTY_WORDS,
    YEAR_DOUBTED,
    YEAR_LOCKED,
    explain_doubted_year,
    explain_locked_year,
)
from warehouse.store.past import Past

_REFUSAL_OF_DEATH = {
    "memory": "refuse.too_large",
    "cpu": "refuse.too_slow",
    "timeout": "refuse.too_slow",
    "crash": "refuse.reader_died",
}
FAULTY_RULE = "refuse.not_judged"
"""The rule that is cited for a file which the program itself could not cope with."""

OUR_OWN = (MemoryError, OSError)
"""Errors of the machine, never of a submission."""


def is_of_the_file(error: Exception) -> bool:
    """Whether an error may be a submission's fault: not when the machine failed, nor when the work was interrupted."""
    return not is_ending() and machine_fault(error) is None


REFUSED = {
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


class Objects(Protocol):
    """Whatever gives the path of received bytes by their sha256: the archive, or one file being checked."""

    def path(self, sha256: str) -> Path:
        """Where the bytes rest."""


@dataclass(frozen=True)
class Readings:
    """What reading a batch gave: readable submissions (SUBMISSION) with their content, and the refused (REFUSED).

    ``members``: workbooks that were found together in one file, each with the receipt of that file and its own name.
    """

    submissions: Submissions
    reads: dict[str, FileRead]
    refused: pl.DataFrame
    members: tuple[tuple[Entry, str, bytes], ...] = ()

    @property
    def first_seq(self) -> int | None:
        """The first place of receipt in the batch; null for an empty one."""
        places = pl.concat([self.submissions["received_seq"], self.refused["received_seq"]])
        return places.min()  # type: ignore[return-value]  # of integers


@dataclass(frozen=True)
class Assessed:
    """A conformed and judged batch, ready to be loaded."""

    readings: Readings
    conformed: Conformed
    observed: Observed
    judgement: Judgement
    later: pl.DataFrame


@dataclass(frozen=True)
class Background:
    """What the warehouse knows when a batch comes.

    ``prior``: the standing measures (MEASURE); ``past``: what was received before; ``later``: the measures of standing
    submissions of later years, to be compared with the batch anew, ``asked_later`` (CELL_ASKED) what is asked of them anyway.
    """

    prior: pl.DataFrame
    past: Past
    later: pl.DataFrame = field(default_factory=partial(empty, MEASURE))
    asked_later: pl.DataFrame = field(default_factory=partial(empty, CELL_ASKED))


def read_batch(
    received: Sequence[Entry],
    archive: Objects,
    catalogue: Catalogue,
    workers: int,
    on_done: Callable[[str, object], None] | None = None,
) -> Readings:
    """Read the archived bytes of journal entries behind the wall and find out whose and which year they are."""
    plan = reading_plan(catalogue)
    jobs = [
        ReadJob(str(e.submission), archive.path(str(e.submission)), (plan, str(e.payload["file_name"])))
        for e in received
    ]
    results = read_all(jobs, "transforms.reading.reading:read_file", workers, on_done)
    readable: list[dict[str, object]] = []
    refused: list[dict[str, object]] = []
    reads: dict[str, FileRead] = {}
    members: list[tuple[Entry, str, bytes]] = []
    for entry in received:
        sha256 = str(entry.submission)
        place = {
            "submission": sha256,
            "file_name": entry.payload["file_name"],
            "received_seq": entry.seq,
            "received_at": entry.at.isoformat(timespec="seconds"),
            "run": entry.run,
        }
        found = _interpret_reading(results[sha256])
        members += [(entry, name, content) for name, content in found.members]
        identity = identify(found, str(entry.payload["file_name"]), entry.payload.get("folder"), catalogue)
        whose = {"unit_code": identity.unit_code, "year": identity.year}
        if identity.refusal is not None:
            refused.append({**place, **whose, "rule": identity.refusal, "detail": identity.detail})
            continue
        reads[sha256] = found
        readable.append({**place, **whose})
    return Readings(
        pl.DataFrame(readable, schema=SUBMISSION),
        reads,
        pl.DataFrame(refused, schema=REFUSED),
        tuple(members),
    )


def _interpret_reading(result: object) -> FileRead:
    """What the wall gave for a file; a file that killed its reader is a refused one."""
    if isinstance(result, Death):
        return FileRead(_REFUSAL_OF_DEATH[result.code], detail=result.sentence, cause=result.detail)
    assert isinstance(result, FileRead), "the reading function returns a FileRead"
    return result


def conform_batch(readings: Readings, catalogue: Catalogue) -> Conformed:
    """The batch's rows typed and matched to the registry."""
    return conform(assemble(readings.reads, readings.submissions), readings.submissions, catalogue)


def assess(
    readings: Readings,
    conformed: Conformed,
    catalogue: Catalogue,
    rulebook: RuleBook,
    background: Background,
    *,
    is_gated: bool = True,
) -> Assessed:
    """Judge the batch against the rules and against what is known already.

    ``is_gated``: Great Expectations counts as well, see :func:`expectations.judge.judge`.
    """
    observed = observe(conformed, catalogue)
    answered = {submission: read.answered for submission, read in readings.reads.items() if read.answered}
    returned = find_unanswered_returns(
        answered,
        readings.submissions,
        observed.observations,
        background.past.received(),
        background.past.observations,
        rulebook,
        list(catalogue.forms),
    )
    filled = _list_filled_cells(observed.observations, conformed.declared_empty)
    batch = Batch(
        forms=conformed.forms,
        columns=conformed.columns,
        problems=pl.concat([conformed.problems, returned]),
        submissions=readings.submissions,
        declared_empty=conformed.declared_empty,
        measures=observed.measures,
        prior=background.prior,
        later=background.later,
        notes=conformed.notes,
        asked_later=background.asked_later,
        answers=conformed.answers,
        unfilled=readings.submissions.join(filled, on="submission", how="anti")["submission"].to_list(),
    )
    judgement = judge(batch, catalogue, rulebook, is_gated=is_gated)
    return Assessed(readings, conformed, observed, judgement, background.later)


def of_doubtful_year(readings: Readings, standing: pl.DataFrame, current: int) -> list[str]:
    """Submissions whose cover names a year before ``current`` of which the unit's report is accepted already.

    ``standing``: year, unit_code of what is accepted before this batch. A correction workbook of that year is meant.
    """
    past = readings.submissions.filter(pl.col("year") < current).join(
        standing, on=["unit_code", "year"], how="semi"
    )
    return [s for s in past["submission"] if not readings.reads[s].answered]


def _list_filled_cells(observed: Observations, declared_empty: pl.DataFrame) -> pl.DataFrame:
    """The submission of each cell that holds something, zeros too, and of each roster that says there is nothing to list."""
    cells = observed.filter(pl.col("state").is_in(["value", "zero"]))
    return pl.concat([cells.select("submission"), declared_empty.select("submission")])


def without_faulty(readings: Readings, judged: Callable[[Readings], object]) -> tuple[Readings, list[str]]:
    """The readings but for the submissions on which ``judged`` fails when they are alone; these are refused.

    For when a batch could not be judged: one submission that the program does not cope with must not stop the others.
    Also the tracebacks, for the log. RuntimeError when the fault is not in single submissions: none of them fails
    alone, or all of several do.
    """
    faulty: dict[str, str] = {}
    for submission in readings.submissions["submission"]:
        alone = pl.col("submission") == submission
        try:
            judged(Readings(readings.submissions.filter(alone), readings.reads, readings.refused.clear()))
        except OUR_OWN:
            raise
        except Exception as error:
            if not is_of_the_file(error):
                raise
            faulty[submission] = traceback.format_exc()
    if not faulty or len(faulty) == readings.submissions.height > 1:
        raise RuntimeError("not the fault of single submissions: all of them fail alone, or none does")
    is_faulty = pl.col("submission").is_in(list(faulty))
    refused = readings.submissions.filter(is_faulty).with_columns(rule=pl.lit(FAULTY_RULE), detail=pl.lit(""))
    return (
        Readings(
            readings.submissions.remove(is_faulty),
            readings.reads,
            pl.concat([readings.refused, refused.select(readings.refused.columns)]),
        ),
        list(faulty.values()),
    )


def refusal_words(rulebook: RuleBook, rule: str, detail: str) -> str:
    """What is wrong with a refused file and how to mend it. The wall's sentence already says both, for this file."""
    return detail if detail.endswith("。") else rulebook.refusal_sentence(rule, detail)


def decide_batch(
    assessed: Assessed,
    recorded: Mapping[int, Entry],
    locked: Collection[int],
    rulebook: RuleBook,
    doubted: Collection[str] = (),
    current: int = 0,
) -> pl.DataFrame:
    """Every submission of the batch with its decision: SUBMISSION + DECISION, status, filled_count.

    ``recorded``: what the journal already holds (Journal.decisions). It stands: a rule changed later does not undo it.
    ``locked``: years that are locked; of these every other submission is held, and so is a workbook without a number.
    ``doubted``: submissions of a past year while ``current`` is reported (:func:`of_doubtful_year`): held with a question.
    """
    submissions = assessed.readings.submissions
    filled = _list_filled_cells(assessed.observed.observations, assessed.conformed.declared_empty)
    counted = submissions.join(
        filled.group_by("submission").len("filled_count"), on="submission", how="left", maintain_order="left"
    ).with_columns(pl.col("filled_count").fill_null(0).cast(pl.Int64))
    circumstances: list[tuple[str, str, str | None, str | None]] = []
    for row in counted.iter_rows(named=True):
        submission, year = row["submission"], row["year"]
        if (entry := recorded.get(row["received_seq"])) is not None:
            said = entry.payload
            circumstances.append((submission, str(entry.event), said.get("rule"), said.get("reason")))
        elif year in locked:
            circumstances.append((submission, "held", YEAR_LOCKED, explain_locked_year(year)))
        elif not row["filled_count"]:
            circumstances.append((submission, "held", EMPTY, EMPTY_WORDS))
        elif submission in doubted:
            circumstances.append((submission, "held", YEAR_DOUBTED, explain_doubted_year(year, current)))
    decisions = decide(
        submissions,
        assessed.judgement.findings,
        pl.DataFrame(circumstances, schema=CIRCUMSTANCE, orient="row"),
    )
    judged = counted.join(decisions, on="submission", how="left", maintain_order="left")
    refused = assessed.readings.refused
    sentences = [refusal_words(rulebook, r["rule"], r["detail"]) for r in refused.iter_rows(named=True)]
    turned_away = refused.with_columns(
        decision=pl.lit("refused"), reason=pl.Series(sentences, dtype=pl.String)
    ).drop("detail")
    return pl.concat([judged, turned_away], how="diagonal").with_columns(
        pl.col("critical_count", "warning_count", "info_count").fill_null(0), status=pl.col("decision")
    )
