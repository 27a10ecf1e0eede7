"""One night: the pieces nightly.py puts in order, with the state they share (archive, journal, the file being built)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from expectations.judge import publish_docs, start_great_expectations
from flows.alerts import send_digest
from flows.digest import digest_text
from flows.receipts import write_receipts
from flows.receive import receive
from flows.settings import Installation
from flows.steps import Assessed, Readings, assess, conform_batch, decided, read_batch
from transforms.conform import Conformed
from transforms.indicators import indicators
from warehouse.archive import Archive
from warehouse.build import NightBuild
from warehouse.catalogue.frames import FINDING, NOTE, empty
from warehouse.journal import Draft, Entry, Event, Journal
from warehouse.publish import publish, writer_lock
from warehouse.query import known_submissions, status

TIME_ZONE = ZoneInfo("Asia/Shanghai")
OnDone = Callable[[str, object], None]


@dataclass
class Report:
    """What a night did, for the summary table, the digest and ``quality.run``."""

    run: str
    submissions: pl.DataFrame
    findings: pl.DataFrame = field(default_factory=lambda: empty(FINDING))
    notes: pl.DataFrame = field(default_factory=lambda: empty(NOTE))
    repeated: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    failed_channels: list[str] = field(default_factory=list)

    @property
    def engine_seconds(self) -> float:
        """Seconds from reading to publishing, without the start of Prefect and Great Expectations."""
        return sum(self.seconds.values())


class Night:
    """A night of one installation. Opened by :func:`open_night`, which holds the writer's lock."""

    def __init__(self, place: Installation, journal: Journal, at: datetime, from_scratch: bool) -> None:
        self.place = place
        self.catalogue = place.catalogue
        self.rulebook = place.rulebook
        self.home = place.home
        self.archive = Archive(self.home.archive)
        self.journal = journal
        self.at = at
        self.run = at.strftime("%Y%m%dT%H%M%S%f")
        self.from_scratch = from_scratch
        self.seconds: dict[str, float] = {}
        self.repeated: list[str] = []
        self.submissions: list[pl.DataFrame] = []
        self.findings: list[pl.DataFrame] = []
        self.notes: list[pl.DataFrame] = []
        self.docs: Any = None

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the seconds of the block to those of ``step``."""
        start = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start

    def receive(self) -> int:
        """Archive and journal what lies in the inbox; how many new submissions came."""
        if self.from_scratch:
            return 0
        actor = self.place.settings.actor
        entries, repeated = receive(
            self.home.inbox, self.archive, self.journal, actor=actor, at=self.at, run=self.run
        )
        self.repeated = [arrival.name for arrival in repeated]
        return len(entries)

    def pending(self) -> list[list[Entry]]:
        """Received submissions the published warehouse does not hold yet, batch by batch as they were received."""
        known = set() if self.from_scratch else known_submissions(self.home.database)
        batches: dict[str, list[Entry]] = {}
        for entry in self.journal.entries():
            if entry.event == Event.RECEIVED and entry.submission not in known:
                batches.setdefault(entry.run or "", []).append(entry)
        return list(batches.values())

    def open_build(self) -> NightBuild:
        """The new warehouse file beside the published one, with everything the published one knows."""
        previous = self.home.database if self.home.database.exists() and not self.from_scratch else None
        return NightBuild(self.home.building, previous, self.catalogue)

    def read(self, received: list[Entry], on_done: OnDone | None = None) -> Readings:
        """Read one batch behind the wall."""
        with self.timed("read"):
            return read_batch(received, self.archive, self.catalogue, self.place.settings.workers, on_done)

    def conform(self, readings: Readings) -> Conformed:
        """Type the batch's cells and match its rows to the registry."""
        with self.timed("conform"):
            return conform_batch(readings, self.catalogue)

    def check(self, readings: Readings, conformed: Conformed, build: NightBuild) -> Assessed:
        """Judge the batch against the rules and last year's standing values."""
        start_great_expectations()  # begun when the command started; waited for here, and no part of checking
        with self.timed("check"):
            assessed = assess(readings, conformed, self.catalogue, self.rulebook, build.standing_measures())
        self.docs = assessed.judgement
        return assessed

    def decide(self, assessed: Assessed) -> pl.DataFrame:
        """Accept, hold or refuse each submission, and journal what is decided for the first time."""
        with self.timed("decide"):
            before = self.journal.entries()
            submissions = decided(assessed, before, self.rulebook)
            done = {e.submission for e in before if e.event in (Event.ACCEPTED, Event.HELD, Event.REFUSED)}
            new = submissions.filter(~pl.col("submission").is_in(list(done)))
            self.journal.append_many(
                [
                    Draft(
                        Event(row["decision"]),
                        self.place.settings.actor,
                        self.at,
                        self.run,
                        {
                            k: row[k]
                            for k in (
                                "submission",
                                "unit_code",
                                "year",
                                "reason",
                                "critical_count",
                                "warning_count",
                            )
                            if row[k] is not None
                        },
                    )
                    for row in new.iter_rows(named=True)
                ]
            )
        return submissions

    def load(self, assessed: Assessed, submissions: pl.DataFrame, build: NightBuild) -> None:
        """Put the batch into the file being built."""
        with self.timed("load"):
            build.add_batch(
                submissions,
                assessed.observations,
                assessed.measures,
                assessed.judgement.findings,
                assessed.conformed.notes,
                assessed.judgement.results,
            )
        self.submissions.append(submissions)
        self.findings.append(assessed.judgement.findings)
        self.notes.append(assessed.conformed.notes)

    def compute(self, build: NightBuild) -> None:
        """Roll up the standing submissions and compute every indicator anew."""
        with self.timed("indicators"):
            approved = pl.DataFrame(
                [(e.year, e.unit_code) for e in self.journal.entries() if e.event == Event.APPROVED],
                schema={"year": pl.Int32, "unit_code": pl.String},
                orient="row",
            )
            build.set_indicators(indicators(build.standing_measures(), self.catalogue, approved))

    def publish(self, build: NightBuild) -> None:
        """Check the built file and put it in the place of the published one."""
        with self.timed("publish"):
            head = self.journal.head
            build.add_run(
                {
                    "run": self.run,
                    "started_at": self.at.isoformat(timespec="seconds"),
                    "finished_at": datetime.now(TIME_ZONE).isoformat(timespec="seconds"),
                    "journal_count": head.count,
                    "journal_hash": head.hash,
                    "code_version": version("nianbao"),
                    "catalogue_version": self.catalogue.version,
                    **self._counts(),
                }
            )
            build.check()
            build.close()
            publish(self.home.building, self.home.database)

    def _counts(self) -> dict[str, int]:
        """What was decided this night, whenever it was received."""
        decisions = [decision for batch in self.submissions for decision in batch["decision"]]
        return {
            "submission_count": len(decisions),
            **{
                f"{decision}_count": decisions.count(decision) for decision in ("accepted", "held", "refused")
            },
            "finding_count": sum(findings.height for findings in self.findings),
        }

    def report(self) -> Report:
        """What this night did."""
        submissions = pl.concat(self.submissions, how="diagonal") if self.submissions else pl.DataFrame()
        return Report(
            self.run,
            submissions,
            pl.concat(self.findings, how="diagonal") if self.findings else empty(FINDING),
            pl.concat(self.notes, how="diagonal") if self.notes else empty(NOTE),
            self.repeated,
            self.seconds,
        )

    def answer(self, report: Report, standing_before: set[tuple[str, int]]) -> list[Path]:
        """Write a receipt for every submission of the night."""
        if report.submissions.is_empty():
            return []
        return write_receipts(
            report.submissions,
            report.findings,
            report.notes,
            standing_before,
            self.home.outbox,
            self.catalogue,
            self.journal.head,
            self.at,
        )

    def tell(self, report: Report) -> Report:
        """Write the digest, send it, and publish the pages of the night's validation results."""
        if report.submissions.is_empty():
            return report
        years = report.submissions["year"].drop_nulls().unique().to_list()
        statuses = {year: status(self.home.database, year, self.catalogue) for year in years}
        text = digest_text(
            report.submissions,
            report.findings,
            statuses,
            self.catalogue,
            self.journal.head,
            self.at,
            str(self.home.outbox),
        )
        assert text is not None, "a night with submissions has a digest"
        (self.home.site / "digest.md").write_text(text, encoding="utf-8")
        if self.place.settings.alerts:
            report.failed_channels = send_digest(self.place.settings.alerts, text.splitlines()[0], text)
        return report

    def publish_pages(self) -> None:
        """The validation results of the night as pages below site/."""
        if self.docs is not None:
            publish_docs(self.docs, self.home.site / "data_docs")


def tell_failure(place: Installation, error: BaseException) -> None:
    """Tell the administrators that the night broke off: a run that fails must not fail in silence."""
    if place.settings.alerts:
        at = datetime.now(TIME_ZONE)
        title = f"{place.catalogue.settings.city.association}年报夜间作业中止　{at:%Y年%m月%d日 %H:%M}"
        body = (
            f"{title}\n\n原因：{error}\n昨日发布的数据仓库仍然有效。请在服务器上运行 nianbao doctor 检查。\n"
        )
        send_digest(place.settings.alerts, title, body)


@contextmanager
def open_night(place: Installation, *, from_scratch: bool = False) -> Iterator[Night]:
    """Hold the writer's lock and open the journal. Raises AlreadyRunning, JournalBroken, CatalogueError."""
    place.home.make()
    with writer_lock(place.home.root):
        at = datetime.now(TIME_ZONE)
        journal = Journal(place.home.journal)
        night = Night(place, journal, at, from_scratch)
        if journal.torn is not None:
            journal.append(Event.MENDED, place.settings.actor, at, night.run, line=journal.torn.line)
        yield night
