"""Takes one batch in: its partitions read and judged, with what they need from journal and warehouse and leave there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import polars as pl

from expectations.count import count_verdicts
from expectations.judge import Judgement, start_great_expectations
from expectations.outliers.effects import list_published_measures, list_published_totals
from flows.error_log import note_error
from flows.night import Night
from flows.partitions.check_part import (
    CheckingJob,
    keep_background,
    name_checking_job,
    open_checked_part,
    split_by_region,
)
from flows.partitions.parted_batch import PartedBatch, join_reads
from flows.partitions.read_part import ReadingJob, list_reading_jobs, open_read_part
from flows.receiving.receive import Signature, receive_arrivals, receive_members
from flows.steps.batch import Background, describe_file
from flows.steps.steps import decide_batch
from warehouse.catalogue.frames import ANSWER, FINDING, Submissions, empty, select_latest, shaped
from warehouse.ledger.explanation_entries import list_explanations, select_new_explanations
from warehouse.ledger.journal import Draft, Entry, Event
from warehouse.ledger.review_entries import (
    YEAR_DOUBTED,
    YEAR_LOCKED,
    is_locked,
    list_confirmations,
    list_returns,
)
from warehouse.store.build import NightBuild


class RunParts(Protocol):
    """Runs the jobs of partitions, wherever; what they leave is in the place of work."""

    def read(self, jobs: Sequence[ReadingJob]) -> None: ...
    def check(self, jobs: Sequence[CheckingJob]) -> None: ...


def receive(night: Night) -> int:
    """Archive and journal what lies in the inbox; how many new submissions came."""
    if night.is_from_scratch:
        return 0
    entries, night.record.repeated = receive_arrivals(
        night.home.inbox,
        night.archive,
        night.journal,
        Signature(night.installation.settings.actor, night.at, night.run),
        on_left=night.record.left.append,
        quiet_seconds=night.installation.settings.quiet_seconds,
    )
    return len(entries)


def read(night: Night, received: Sequence[Entry], parts: RunParts) -> PartedBatch:
    """Read and conform one batch behind the wall; workbooks found inside of its files are received."""
    files = [describe_file(entry, night.archive.path(str(entry.submission))) for entry in received]
    settings = night.installation.settings
    jobs = list_reading_jobs(
        files,
        night.world,
        night.kept_world,
        night.work,
        settings.part_size,
        settings.workers,
        night.home.archive_address,
    )
    parts.read(jobs)
    reads = [open_read_part(night.read_part(job.key)) for job in jobs]
    night.record.counts["received_bytes"] += sum(file.path.stat().st_size for file in files)
    for part in reads:
        _log(night, part.part.facts["faults"])
    if not night.is_rehearsal:
        by = Signature(settings.actor, night.at, night.run)
        of = {file.submission: file for file in files}
        members = [member for part in reads for member in part.list_members(of)]
        night.record.unpacked += receive_members(members, night.archive, night.journal, by)
    return join_reads(received[0].seq, reads)


def start_gate(_night: Night) -> None:
    """Wait for Great Expectations, whose start began with the command: it is no part of checking."""
    start_great_expectations()


def judge(night: Night, batch: PartedBatch, build: NightBuild, parts: RunParts) -> PartedBatch:
    """Judge the batch against the rules and against what stands in the file being built."""
    hold_returned(night, build, batch.first_seq)
    entries = [e for e in night.journal.entries() if e.seq < batch.first_seq]
    totals = _list_totals(night, batch, build)
    jobs = []
    for submissions in split_by_region(batch.submissions, night.world, night.installation.settings.part_size):
        background = replace(_read_background(night, submissions, batch, build, entries), totals=totals)
        sent = set(submissions["submission"])
        job = name_checking_job(
            night.work,
            night.world,
            night.kept_world,
            [part.part.key for part in batch.reads if sent & set(part.submissions["submission"])],
            submissions,
            keep_background(night.work, background),
            sorted({*submissions["year"], *background.later["year"]}),
        )
        night.record.parts.add(job.background)
        jobs.append(job)
    parts.check(jobs)
    checks = [open_checked_part(night.read_part(job.key)) for job in jobs]
    for part in checks:
        _log(night, part.part.facts["faults"])
    results, runs = count_verdicts([part.list_suites() for part in checks], night.catalogue, night.rulebook)
    faulty = pl.concat([batch.refused.clear(), *(part.refused for part in checks)])
    findings = pl.concat([empty(FINDING), *(part.findings for part in checks)])
    judged = replace(
        batch,
        submissions=batch.submissions.join(faulty, on="submission", how="anti", maintain_order="left"),
        refused=pl.concat([batch.refused, faulty]),
        checks=checks,
        judgement=Judgement(
            findings=shaped(findings.select("submission", "rule", "form", "severity"), FINDING),
            results=results,
            answers=pl.concat([empty(ANSWER), *(part.answers for part in checks)]),
            docs=runs,
        ),
    )
    night.record.docs.append((judged.judgement, judged.submissions))
    return judged


def decide(night: Night, batch: PartedBatch, build: NightBuild) -> PartedBatch:
    """Accept, hold or refuse each submission, and journal what is decided for the first time."""
    recorded, entries = night.journal.decisions(), night.journal.entries()
    current = night.catalogue.settings.last_year
    years = {current, *batch.submissions["year"].unique()}
    locked = [year for year in years if is_locked(entries, year)]
    decided = decide_batch(
        batch.judged, recorded, locked, build.read_standing_submissions(), current, night.rulebook
    )
    new = decided.remove(pl.col("received_seq").is_in(list(recorded)))
    counting = new.filter(~pl.col("rule").is_in([YEAR_LOCKED, YEAR_DOUBTED]).fill_null(False))
    given = batch.judgement.answers.join(counting, on="submission", how="semi")
    said = select_new_explanations(given, decided, list_explanations(entries))
    kept = ("submission", "unit_code", "year", "reason", "rule", "critical_count", "warning_count")
    drafts = [(Event.EXPLAINED, payload) for payload in said] + [
        (Event(row["decision"]), {k: row[k] for k in kept if row[k] is not None})
        for row in new.iter_rows(named=True)
    ]
    # What units explain comes first: after a power cut no decision may stand without it.
    actor = night.installation.settings.actor
    if not night.is_rehearsal:
        night.journal.append_many(
            [Draft(event, actor, night.at, night.run, about) for event, about in drafts]
        )
    return replace(batch, decided=decided)


def load(night: Night, batch: PartedBatch, build: NightBuild) -> None:
    """Put the batch into the file being built, part by part."""
    build.add_batch(
        batch.decided,
        observations=batch.list_rows("observations"),
        counted_rows=batch.list_rows("counted_rows"),
        measures=batch.list_rows("measures"),
        findings=(part.findings for part in batch.checks),
        notes=batch.list_rows("notes"),
        unread=batch.list_rows("unread"),
        results=batch.judgement.results,
    )
    compared = [submission for part in batch.checks for submission in part.compared_anew]
    revised = pl.concat([empty(FINDING), *(part.revised for part in batch.checks)])
    build.revise_findings(compared, _list_rules_of_several_years(night), revised)
    night.record.counts.update(
        submission_count=batch.decided.height,
        finding_count=batch.judgement.findings.height,
        observation_count=batch.observation_count,
    )
    night.record.counts.update(f"{decision}_count" for decision in batch.decided["decision"])


def hold_returned(night: Night, build: NightBuild, before: int | None = None) -> None:
    """Hold what was returned (before that place of the journal): it no longer stands."""
    entries = [e for e in night.journal.entries() if before is None or e.seq < before]
    build.set_decisions(list_confirmations(entries))
    build.set_decisions(list_returns(entries))


def _list_totals(night: Night, batch: PartedBatch, build: NightBuild) -> pl.DataFrame:
    """TOTAL of what is reported: by the batch for its units and years, by what stands for all others."""
    own = batch.reported.join(select_latest(batch.submissions), on="submission", how="semi").select(
        "year", "measure", "value"
    )
    others = build.sum_standing_measures(list_published_measures(night.catalogue), batch.submissions)
    return list_published_totals(pl.concat([others, own]), night.catalogue)


def _read_background(
    night: Night, submissions: Submissions, batch: PartedBatch, build: NightBuild, entries: Sequence[Entry]
) -> Background:
    """What the file being built says of other years and earlier submissions; nothing of later years that are locked."""
    later = build.read_later_measures(submissions)
    locked = [year for year in later["year"].unique() if is_locked(entries, year)]
    later = later.remove(pl.col("year").is_in(locked))
    asked = build.list_asked_cells(
        later["submission"].unique().to_list(), _list_rules_of_several_years(night)
    )
    sent = set(submissions["submission"])
    answered = {one: other for one, other in batch.answered.items() if one in sent}
    received, earlier = build.read_earlier(submissions, answered)
    units = night.world.regions.list_units(submissions["unit_code"].unique())
    return Background(build.read_standing_measures(units), later, asked, received, earlier)


def _list_rules_of_several_years(night: Night) -> list[str]:
    return [rule.id for rule in night.rulebook.of_scope("unit", "series")]


def _log(night: Night, faults: Sequence[str]) -> None:
    """The details of what the program did not cope with go into the installation's log."""
    if faults:
        note_error(night.home.root, "\n".join(faults), night.run)
