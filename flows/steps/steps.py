"""The steps of a night as pure functions: each takes a batch and gives one that knows more.

The incremental night, ``rebuild`` and ``nianbao check`` go through these functions, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from expectations.judge import Evidence, judge_apart
from expectations.rulebook.rulebook import RuleBook
from expectations.verdicts.decision import CIRCUMSTANCE, decide
from expectations.verdicts.returned import find_unanswered_returns
from flows.steps.batch import DECIDED, REFUSED, Background, Batch, Member, ReceivedFile
from flows.wall.wall import Death, ReadJob, read_all
from transforms.conforming.conform import assemble, conform
from transforms.conforming.identify import identify
from transforms.observing.observations import observe
from transforms.reading.file_read import FileRead
from transforms.reading.reading import make_reading_plan
from warehouse.catalogue.frames import SUBMISSION, Submissions, shaped
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

READ_FILE = "transforms.reading.reading:read_file"
"""What children behind the wall read a received file with."""

_REFUSAL_OF_DEATH = {
    "memory": "refuse.too_large",
    "cpu": "refuse.too_slow",
    "timeout": "refuse.too_slow",
    "crash": "refuse.reader_died",
}


def read_batch(
    files: Sequence[ReceivedFile],
    catalogue: Catalogue,
    workers: int,
    on_done: Callable[[str, object], None] | None = None,
) -> Batch:
    """Read the archived bytes behind the wall and find out whose and which year they are."""
    plan = make_reading_plan(catalogue)
    jobs = [ReadJob(f.submission, f.path, (plan, f.file_name)) for f in files]
    results = read_all(jobs, READ_FILE, workers, on_done)
    readable: list[dict[str, object]] = []
    refused: list[dict[str, object]] = []
    reads: dict[str, FileRead] = {}
    members: list[Member] = []
    for file in files:
        receipt = {
            "submission": file.submission,
            "file_name": file.file_name,
            "received_seq": file.received_seq,
            "received_at": file.received_at,
            "run": file.run,
        }
        found = _interpret_reading(results[file.submission])
        members += [Member(file, name, content) for name, content in found.members]
        identity = identify(found, file.file_name, file.folder, catalogue)
        whose = {"unit_code": identity.unit_code, "year": identity.year}
        if identity.refusal is not None:
            refused.append({**receipt, **whose, "rule": identity.refusal, "detail": identity.detail})
        else:
            reads[file.submission] = found
            readable.append({**receipt, **whose})
    return Batch(
        submissions=pl.DataFrame(readable, schema=SUBMISSION),
        refused=pl.DataFrame(refused, schema=REFUSED),
        members=tuple(members),
        answered={submission: read.answered for submission, read in reads.items() if read.answered},
        reads=reads,
    )


def _interpret_reading(result: object) -> FileRead:
    """What the wall gave for a file; a file that killed its reader is a refused one."""
    if isinstance(result, Death):
        return FileRead(_REFUSAL_OF_DEATH[result.code], detail=result.sentence, cause=result.detail)
    assert isinstance(result, FileRead), "the reading function returns a FileRead"
    return result


def conform_batch(batch: Batch, catalogue: Catalogue) -> Batch:
    """Type the cells, match the rows to the registry and list what they say; what was read is not kept."""
    raw = assemble(batch.reads, batch.submissions)
    conformed = conform(raw, batch.submissions, catalogue)
    return replace(batch, reads={}, conformed=conformed, observed=observe(conformed, catalogue))


def judge_batch(batch: Batch, background: Background, catalogue: Catalogue, rulebook: RuleBook) -> Batch:
    """Judge a conformed batch against the rules and against what is known already; nothing is counted yet."""
    conformed = batch.conformed
    returned = find_unanswered_returns(
        batch.answered,
        batch.submissions,
        batch.observed.observations,
        background.received,
        background.earlier,
        rulebook,
        list(catalogue.forms),
    )
    evidence = Evidence(
        forms=conformed.forms,
        columns=conformed.columns,
        problems=pl.concat([conformed.problems, returned]),
        submissions=batch.submissions,
        declared_empty=conformed.declared_empty,
        measures=batch.observed.measures,
        prior=background.prior,
        later=background.later,
        notes=conformed.notes,
        asked_later=background.asked_later,
        answers=conformed.answers,
        unfilled=batch.submissions.join(batch.filled_cells, on="submission", how="anti")[
            "submission"
        ].to_list(),
        totals=background.totals,
    )
    suites, judgement = judge_apart(evidence, catalogue, rulebook)
    return replace(
        batch,
        judgement=judgement,
        suites=tuple(suites),
        compared_anew=tuple(background.later["submission"].unique().sort()),
    )


@dataclass(frozen=True)
class Judged:
    """What a decision looks at, of a batch whose parts are judged.

    ``submissions`` (SUBMISSION) with ``filled_count``, how many cells of each hold something; ``refused`` (REFUSED);
    ``answered`` as in a Batch; ``findings``: submission and severity at least.
    """

    submissions: Submissions
    refused: pl.DataFrame
    answered: Mapping[str, str]
    findings: pl.DataFrame


def decide_batch(
    batch: Judged,
    recorded: Mapping[int, Entry],
    locked: Collection[int],
    standing: pl.DataFrame,
    current: int,
    rulebook: RuleBook,
) -> pl.DataFrame:
    """DECIDED: accept, hold or refuse every submission of a judged batch.

    ``recorded``: what the journal already holds (Journal.decisions). It stands: a rule changed later does not undo it.
    ``locked``: years that are locked; of these every other submission is held, and so is a workbook without a number.
    ``standing``: year, unit_code of what is accepted before this batch. While the year ``current`` is reported, a workbook
    of a past year that is accepted already is held with a question.
    """
    counted = batch.submissions.with_columns(pl.col("filled_count").fill_null(0).cast(pl.Int64))
    submissions = counted.select(*SUBMISSION)
    doubted = [] if current in locked else list_doubtful_years(submissions, batch.answered, standing, current)
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
        batch.findings,
        pl.DataFrame(circumstances, schema=CIRCUMSTANCE, orient="row"),
    )
    judged = counted.join(decisions, on="submission", how="left", maintain_order="left")
    faults = batch.refused.select("rule", "detail").unique()
    sentences = [explain_refusal(rulebook, rule, detail) for rule, detail in faults.iter_rows()]
    turned_away = batch.refused.join(
        faults.with_columns(reason=pl.Series(sentences, dtype=pl.String)),
        on=["rule", "detail"],
        nulls_equal=True,
        maintain_order="left",
    ).with_columns(decision=pl.lit("refused"))
    counts = ("critical_count", "warning_count", "info_count")
    return pl.concat([shaped(judged, DECIDED), shaped(turned_away, DECIDED)]).with_columns(
        pl.col(counts).fill_null(0), status=pl.col("decision")
    )


def list_doubtful_years(
    submissions: Submissions, answered: Collection[str], standing: Submissions, current: int
) -> list[str]:
    """Submissions whose cover names a year before ``current`` of which the unit's report is accepted already.

    ``standing``: year, unit_code of what is accepted. A correction workbook (``answered``) of that year is meant.
    """
    past = submissions.filter(pl.col("year") < current).join(standing, on=["unit_code", "year"], how="semi")
    return [s for s in past["submission"] if s not in answered]


def explain_refusal(rulebook: RuleBook, rule: str, detail: str) -> str:
    """What is wrong with a refused file and how to mend it. The wall's sentence already says both, for this file."""
    return detail if detail.endswith("。") else rulebook.refusal_sentence(rule, detail)
