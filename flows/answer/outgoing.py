"""What goes out after a night: receipts, correction workbooks, the digest, pages and reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from expectations.gate.night_docs import publish_docs
from flows.answer.addressing import address_answers, address_repeats, address_shared, list_mails
from flows.answer.corrections import write_corrections
from flows.answer.digest import News, write_digest
from flows.answer.receipts import Office
from flows.answer.shared_receipts import select_repeated, select_shared, write_refused, write_repeated
from flows.clock import TIME_ZONE
from flows.keeping.marks import forget_revised, read_revised
from flows.night import Night
from flows.receiving.receive import Repeated
from flows.running.timing import ENGINE_STEPS
from flows.telling.letters import keep_answers
from warehouse.ledger.durability import make_folder, sync_folder, write_durably
from warehouse.ledger.journal import Event
from warehouse.ledger.review_entries import EXPLANATION_DECISIONS
from warehouse.standing.outcomes import Outcome, read_outcome
from warehouse.standing.status import list_status
from warehouse.standing.worklist import read_worklist
from warehouse.words.day_words import moment_words


@dataclass
class Report:
    """What a night did, for the summary table, the digest and ``quality.run``."""

    run: str
    outcome: Outcome  # for the units, whose own counts it holds
    told: Outcome  # the same as it is published
    repeated: list[Repeated] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    failed_channels: list[str] = field(default_factory=list)

    @property
    def submissions(self) -> pl.DataFrame:
        """Every submission that this night answers: those it decided, and those an interrupted night left unanswered."""
        return self.outcome.submissions

    @property
    def standing(self) -> list[str]:
        """What is as it is until somebody acts: files left in the inbox, sources and objects that are not well."""
        return [*self.left, *self.troubles]

    @property
    def engine_seconds(self) -> float:
        """Seconds from reading to publishing, without the start of Prefect and Great Expectations."""
        return sum(self.seconds.get(step, 0.0) for step in ENGINE_STEPS)

    @property
    def has_published(self) -> bool:
        """Whether the night had anything to do, and replaced the published file."""
        return "publish" in self.seconds


def collect_report(night: Night) -> Report:
    """What this night did: all that is in the warehouse and was not answered by an earlier night."""
    last = None if night.is_from_scratch else night.journal.last_run()
    entries = night.journal.entries()[last.seq if last else 0 :]
    returned = [str(e.submission) for e in entries if e.event == Event.RETURNED]
    confirmed = [str(e.submission) for e in entries if e.event == Event.YEAR_CONFIRMED]
    decided = [int(e.payload["explanation"]) for e in entries if e.event in EXPLANATION_DECISIONS]
    home = night.home

    def read(database: Path) -> Outcome:
        return read_outcome(
            database,
            last.payload["answered"] if last else 0,
            returned,
            decided,
            [*night.record.revised, *read_revised(home.root), *confirmed],
            list(night.catalogue.forms),
        )

    found = read(home.whole_database)
    told = found if home.whole_database == home.database else read(home.database)
    _, unread = night.installation.readable_contacts
    return Report(
        night.run,
        found,
        told,
        night.record.repeated,
        night.record.left,
        night.record.notes,
        [
            *night.record.troubles,
            *([f"联系人未能读出，填报人的答复和催报留待改正之后：{unread}"] if unread else []),
        ],
        night.steps.seconds,
    )


def answer_units(night: Night, report: Report) -> list[Path]:
    """Write what the units get: correction workbooks, a receipt for every submission and every repeated file.

    The answers that are to be sent wait in the home from now on.
    """
    office = Office(night.installation, night.journal.head, night.at)
    written = _answer_submissions(night, report.outcome, office) if report.submissions.height else []
    return written + _answer_repeats(night, report.repeated, office) if report.repeated else written


def _answer_submissions(night: Night, outcome: Outcome, office: Office) -> list[Path]:
    entries = night.journal.entries()
    contacts, unread = night.installation.readable_contacts
    reachable = None if unread else contacts
    corrections = write_corrections(night.installation, outcome, office.folder, night.at)
    shared = [write_refused(office, rows) for rows in select_shared(outcome.submissions, list_mails(entries))]
    alone = outcome.without([submission for receipt in shared for submission in receipt.submissions])
    receipts = office.answer(alone, corrections)
    papers = {
        submission: [receipt, *([corrections[submission].path] if submission in corrections else ())]
        for submission, receipt in zip(alone.submissions["submission"], receipts, strict=True)
    }
    answers = address_answers(alone, papers, night.home.outbox, reachable, entries, office.names)
    answers += address_shared(shared, night.home.outbox, reachable, office.names)
    keep_answers(night.home.told, answers)
    pages = [page for receipt in shared for page in receipt.pages]
    return [*(correction.path for correction in corrections.values()), *receipts, *pages]


def _answer_repeats(night: Night, repeated: list[Repeated], office: Office) -> list[Path]:
    known = read_outcome(night.home.whole_database).submissions
    rows = {row["submission"]: row for row in known.iter_rows(named=True)}
    shared = select_repeated(repeated, rows)
    is_shared = {id(again) for files in shared for again in files}
    alone = [again for again in repeated if id(again) not in is_shared]
    receipts = office.answer_repeated(alone, rows)
    keep_answers(night.home.told, address_repeats(alone, receipts, night.home.outbox, known, office.names))
    pages = [page for files in shared for page in write_repeated(office, files, rows).pages]
    return [*receipts, *pages]


def find_news(night: Night, report: Report) -> News | None:
    """What the digest speaks of; None when nothing happened since the last one."""
    last = night.journal.last_run()
    before = last.payload["left"] if last else []
    if not (report.submissions.height or report.notes or set(report.standing) - set(before)):
        return None
    years = {row["year"] for row in report.submissions.iter_rows(named=True)} - {None}
    entries, database = night.journal.entries(), night.home.database
    return News(
        outcome=report.told,
        statuses={year: list_status(database, year, night.catalogue, entries) for year in years},
        moved=night.record.moved,
        left=report.left,
        repeated=[repeated.name for repeated in report.repeated],
        worklists={year: read_worklist(database, year) for year in years},
        notes=[*report.notes, *report.troubles],
        warning=night.rulebook.warning,
    )


def publish_digest(night: Night, news: News | None) -> None:
    """Write the digest of the night, when there is any news, as a page below site/."""
    if news is None:
        return
    text = write_digest(news, night.catalogue, night.rulebook, night.journal.head, night.at)
    content = text.encode(errors="replace")
    digests = night.home.site / "digests"
    make_folder(digests)
    write_durably(digests / f"日报_{night.at:%Y%m%d_%H%M%S}.md", content)
    write_durably(night.home.site / "digest.md", content)


def finish(night: Night, report: Report, news: News | None) -> None:
    """Note in the journal that all is answered that was received."""
    last = night.journal.last_run()
    if news is not None or report.standing != (last.payload["left"] if last else []):
        received = [e.seq for e in night.journal.entries() if e.event == Event.RECEIVED]
        night.journal.append(
            Event.RUN_FINISHED,
            night.installation.settings.actor,
            datetime.now(TIME_ZONE),
            night.run,
            answered=max(received, default=0),
            left=report.standing,
        )
    forget_revised(night.home.root)


def publish_pages(night: Night) -> None:
    """The validation results of the night as pages below site/."""
    publish_docs(
        night.record.docs,
        night.home.site / "data_docs",
        night.catalogue.unit_names(),
        moment_words(night.at),
        write_durably,
    )
    sync_folder(night.home.site)
