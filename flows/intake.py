"""Takes one batch in: the pure steps (flows.steps), with what they need from journal and warehouse and leave there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from expectations.judge import start_great_expectations
from flows.error_log import note_error
from flows.night import Night
from flows.receiving.receive import Signature, receive_arrivals, receive_members
from flows.steps.batch import Background, Batch, describe_file
from flows.steps.faults import step_without_faulty
from flows.steps.steps import conform_batch, decide_batch, judge_batch, read_batch
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

OnDone = Callable[[str, object], None]


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


def read(night: Night, received: Sequence[Entry], on_done: OnDone | None = None) -> Batch:
    """Read one batch behind the wall; workbooks found inside of its files are received."""
    files = [describe_file(entry, night.archive.path(str(entry.submission))) for entry in received]
    batch = read_batch(files, night.catalogue, night.installation.settings.workers, on_done)
    night.record.counts["received_bytes"] += sum(file.path.stat().st_size for file in files)
    if night.is_rehearsal:
        return batch
    by = Signature(night.installation.settings.actor, night.at, night.run)
    night.record.unpacked += receive_members(batch.members, night.archive, night.journal, by)
    return batch


def conform(night: Night, batch: Batch) -> Batch:
    """Type the batch's cells and match its rows to the registry."""
    return step_without_faulty(
        lambda part: conform_batch(part, night.catalogue), batch, lambda said: _log(night, said)
    )


def start_gate(_night: Night) -> None:
    """Wait for Great Expectations, whose start began with the command: it is no part of checking."""
    start_great_expectations()


def judge(night: Night, batch: Batch, build: NightBuild) -> Batch:
    """Judge the batch against the rules and against what stands in the file being built."""
    hold_returned(night, build, batch.first_seq)
    background = _read_background(night, batch, build)
    judged = step_without_faulty(
        lambda part: judge_batch(part, background, night.catalogue, night.rulebook),
        batch,
        lambda said: _log(night, said),
    )
    night.record.docs.append((judged.judgement, judged.submissions))
    return judged


def decide(night: Night, batch: Batch, build: NightBuild) -> Batch:
    """Accept, hold or refuse each submission, and journal what is decided for the first time."""
    recorded, entries = night.journal.decisions(), night.journal.entries()
    current = night.catalogue.settings.last_year
    years = {current, *batch.submissions["year"].unique()}
    locked = [year for year in years if is_locked(entries, year)]
    batch = decide_batch(batch, recorded, locked, build.read_standing_submissions(), current, night.rulebook)
    new = batch.decided.remove(pl.col("received_seq").is_in(list(recorded)))
    counting = new.filter(~pl.col("rule").is_in([YEAR_LOCKED, YEAR_DOUBTED]).fill_null(False))
    given = batch.judgement.answers.join(counting, on="submission", how="semi")
    said = select_new_explanations(given, batch.decided, list_explanations(entries))
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
    return batch


def load(night: Night, batch: Batch, build: NightBuild) -> None:
    """Put the batch into the file being built."""
    build.add_batch(
        batch.decided,
        observations=batch.observed.observations,
        counted_rows=batch.observed.counted_rows,
        measures=batch.observed.measures,
        findings=batch.judgement.findings,
        notes=batch.conformed.notes,
        unread=batch.conformed.unread,
        results=batch.judgement.results,
    )
    build.revise_findings(
        list(batch.compared_anew), _list_rules_of_several_years(night), batch.judgement.revised
    )
    night.record.counts.update(
        submission_count=batch.decided.height,
        finding_count=batch.judgement.findings.height,
        observation_count=batch.observed.observations.height,
    )
    night.record.counts.update(f"{decision}_count" for decision in batch.decided["decision"])


def hold_returned(night: Night, build: NightBuild, before: int | None = None) -> None:
    """Hold what was returned (before that place of the journal): it no longer stands."""
    entries = [e for e in night.journal.entries() if before is None or e.seq < before]
    build.set_decisions(list_confirmations(entries))
    build.set_decisions(list_returns(entries))


def _read_background(night: Night, batch: Batch, build: NightBuild) -> Background:
    """What the file being built says of other years and earlier submissions; nothing of later years that are locked."""
    entries = [e for e in night.journal.entries() if e.seq < (batch.first_seq or 0)]
    later = build.read_later_measures(batch.submissions)
    locked = [year for year in later["year"].unique() if is_locked(entries, year)]
    later = later.remove(pl.col("year").is_in(locked))
    asked = build.list_asked_cells(
        later["submission"].unique().to_list(), _list_rules_of_several_years(night)
    )
    received, earlier = build.read_earlier(batch.submissions, batch.answered)
    return Background(build.read_standing_measures(), later, asked, received, earlier)


def _list_rules_of_several_years(night: Night) -> list[str]:
    return [rule.id for rule in night.rulebook.of_scope("unit", "series")]


def _log(night: Night, faults: list[str]) -> None:
    """The details of what the program did not cope with go into the installation's log."""
    note_error(night.home.root, "\n".join(faults), night.run)
