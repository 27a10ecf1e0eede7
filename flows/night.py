"""One night: the pieces nightly.py puts in order, with the state they share (archive, journal, the file being built)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import polars as pl

from expectations.judge import Judgement, start_great_expectations
from expectations.rulebook.rule_document import rule_rows
from flows.clock import TIME_ZONE
from flows.error_log import note_error
from flows.home_check import remove_leftovers, require_fit, verify_shown_heads
from flows.receiving.receive import Repeated, Signature, receive, receive_members
from flows.settings import Installation, code_version
from flows.steps import (
    OUR_OWN,
    Assessed,
    Background,
    Readings,
    assess,
    conform_batch,
    decide_batch,
    is_of_the_file,
    of_doubtful_year,
    read_batch,
    without_faulty,
)
from transforms.conforming.conform import Conformed
from transforms.indicators.indicators import compute
from warehouse.catalogue.frames import Submissions, empty
from warehouse.ledger.archive import Archive
from warehouse.ledger.explanation_entries import explanations, new_explanations
from warehouse.ledger.journal import Draft, Entry, Event, Journal
from warehouse.ledger.review_entries import (
    REVIEWS,
    YEAR_DOUBTED,
    YEAR_LOCKED,
    approvals,
    confirmations,
    is_locked,
    returns,
)
from warehouse.standing.headline import MOVED, find_moved_figures, read_published_figures
from warehouse.store.build import NightBuild
from warehouse.store.built_upon import is_of_this_version
from warehouse.store.publish import publish, writer_lock
from warehouse.store.query import journal_count, read_known_submissions, read_last_versions
from warehouse.store.soundness import make_sound

OnDone = Callable[[str, object], None]
COUNTS = ("submission_count", "accepted_count", "held_count", "refused_count", "finding_count")
"""What is counted of a night, whenever its submissions were received; columns of quality.run."""


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
        self.notes: list[str] = []
        state, said = make_sound(self.home.database)
        if said:
            self.notes.append(said)
        self.anew = from_scratch or state == "unrecorded" or self._is_outdated()
        self.seconds: dict[str, float] = {}
        self.repeated: list[Repeated] = []
        self.left: list[str] = []
        self.counts: Counter[str] = Counter()
        self.unpacked: list[Entry] = []
        self.docs: list[tuple[Judgement, pl.DataFrame]] = []
        self.revised: list[str] = []
        self.moved = empty(MOVED)
        self.several_years = [rule.id for rule in self.rulebook.of_scope("unit", "series")]

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
        entries, self.repeated = receive(
            self.home.inbox,
            self.archive,
            self.journal,
            Signature(self.place.settings.actor, self.at, self.run),
            on_left=self.left.append,
            quiet_seconds=self.place.settings.quiet_seconds,
        )
        return len(entries)

    def pending(self) -> list[list[Entry]]:
        """Receipts the published warehouse does not hold yet, batch by batch as they were received."""
        known = {} if self.anew else read_known_submissions(self.home.database)
        batches: dict[str, list[Entry]] = {}
        for entry in self.journal.entries():
            if entry.event == Event.RECEIVED and entry.seq > known.get(str(entry.submission), 0):
                batches.setdefault(entry.run or "", []).append(entry)
        self.archive.require(str(entry.submission) for batch in batches.values() for entry in batch)
        return list(batches.values())

    def batches(self) -> Iterator[list[Entry]]:
        """The pending batches, and after them the workbooks that were found inside of files of theirs."""
        yield from self.pending()
        while self.unpacked:
            found, self.unpacked = self.unpacked, []
            yield found

    def open_build(self) -> NightBuild:
        """The new warehouse file beside the published one, with everything the published one knows.

        Where that was made by other rules, another catalogue or another version, it is made anew from the archive.
        """
        previous = self.home.database if self.home.database.exists() and not self.anew else None
        return NightBuild(self.home.building, previous, self.catalogue)

    def _is_outdated(self) -> bool:
        """Whether the published warehouse cannot be built upon: what stands in it would be judged differently today."""
        database = self.home.database
        return database.exists() and not (
            is_of_this_version(database) and read_last_versions(database) == list_versions(self.place)
        )

    def is_news_for_the_warehouse(self) -> bool:
        """Whether there is no warehouse yet, an outdated one, or one that does not hold what the administrator decided."""
        if self.anew:
            return True
        known = journal_count(self.home.database)
        return known < 0 or any(e.seq > known and e.event in REVIEWS for e in self.journal.entries())

    def _carry_over_returns(self, build: NightBuild, before: int | None = None) -> None:
        """Hold what was returned (before that place of the journal): it no longer stands."""
        entries = [e for e in self.journal.entries() if before is None or e.seq < before]
        build.set_decisions(confirmations(entries))
        build.set_decisions(returns(entries))

    def read(self, received: list[Entry], on_done: OnDone | None = None) -> Readings:
        """Read one batch behind the wall."""
        with self.timed("read"):
            readings = read_batch(
                received, self.archive, self.catalogue, self.place.settings.workers, on_done
            )
        self.unpacked += receive_members(
            readings.members, self.archive, self.journal, actor=self.place.settings.actor, at=self.at
        )
        return readings

    def conform(self, readings: Readings) -> tuple[Readings, Conformed]:
        """Type the batch's cells and match its rows to the registry; what the program cannot cope with is refused."""
        with self.timed("conform"):
            try:
                return readings, conform_batch(readings, self.catalogue)
            except OUR_OWN:
                raise
            except Exception as error:
                if not is_of_the_file(error):
                    raise
                sound = self._without_faulty(readings, lambda alone: conform_batch(alone, self.catalogue))
                return sound, conform_batch(sound, self.catalogue)

    def check(self, readings: Readings, conformed: Conformed, build: NightBuild) -> Assessed:
        """Judge the batch against the rules and last year's standing values; as conform for what cannot be judged."""
        self._carry_over_returns(build, readings.first_seq)
        start_great_expectations()  # begun when the command started; waited for here, and no part of checking
        try:
            assessed = self._assess(readings, conformed, build)
        except OUR_OWN:
            raise
        except Exception as error:
            if not is_of_the_file(error):
                raise
            sound = self._without_faulty(
                readings, lambda alone: self._assess(alone, conform_batch(alone, self.catalogue), build)
            )
            assessed = self._assess(sound, conform_batch(sound, self.catalogue), build)
        self.docs.append((assessed.judgement, assessed.readings.submissions))
        return assessed

    def _assess(self, readings: Readings, conformed: Conformed, build: NightBuild) -> Assessed:
        with self.timed("check"):
            later = self._read_later_measures(readings, build)
            asked = build.asked(later["submission"].unique().to_list(), self.several_years)
            known = Background(build.standing_measures(), build.past(), later, asked)
            return assess(readings, conformed, self.catalogue, self.rulebook, known)

    def _read_later_measures(self, readings: Readings, build: NightBuild) -> pl.DataFrame:
        """The standing measures of later years that are compared with what this batch says; not of locked years."""
        first = readings.first_seq or 0
        entries = [e for e in self.journal.entries() if e.seq < first]
        years = build.later_measures(readings.submissions)
        locked = [year for year in years["year"].unique() if is_locked(entries, year)]
        return years.remove(pl.col("year").is_in(locked))

    def _without_faulty(self, readings: Readings, judged: Callable[[Readings], object]) -> Readings:
        """Refuse what alone fails; the details go into the installation's log."""
        sound, faults = without_faulty(readings, judged)
        note_error(self.home.root, "\n".join(faults), self.run)
        return sound

    def decide(self, assessed: Assessed, build: NightBuild) -> pl.DataFrame:
        """Accept, hold or refuse each submission, and journal what is decided for the first time."""
        with self.timed("decide"):
            recorded = self.journal.decisions()
            entries = self.journal.entries()
            years = assessed.readings.submissions["year"].unique()
            locked = [year for year in years if is_locked(entries, year)]
            current = self.catalogue.settings.last_year
            doubted = []
            if not is_locked(entries, current):
                doubted = of_doubtful_year(assessed.readings, build.standing_submissions(), current)
            submissions = decide_batch(assessed, recorded, locked, self.rulebook, doubted, current)
            new = submissions.remove(pl.col("received_seq").is_in(list(recorded)))
            counting = new.filter(~pl.col("rule").is_in([YEAR_LOCKED, YEAR_DOUBTED]).fill_null(False))
            given = assessed.judgement.answers.join(counting, on="submission", how="semi")
            said = new_explanations(given, submissions, explanations(entries))
            kept = ("submission", "unit_code", "year", "reason", "rule", "critical_count", "warning_count")
            drafts = [(Event.EXPLAINED, payload) for payload in said] + [
                (Event(row["decision"]), {k: row[k] for k in kept if row[k] is not None})
                for row in new.iter_rows(named=True)
            ]
            # What units explain comes first: after a power cut no decision may stand without it.
            actor = self.place.settings.actor
            self.journal.append_many(
                [Draft(event, actor, self.at, self.run, about) for event, about in drafts]
            )
        return submissions

    def load(self, assessed: Assessed, submissions: Submissions, build: NightBuild) -> None:
        """Put the batch into the file being built."""
        with self.timed("load"):
            build.add_batch(
                submissions,
                observations=assessed.observed.observations,
                counted_rows=assessed.observed.counted_rows,
                measures=assessed.observed.measures,
                findings=assessed.judgement.findings,
                notes=assessed.conformed.notes,
                unread=assessed.conformed.unread,
                results=assessed.judgement.results,
            )
            later = assessed.later["submission"].unique().to_list()
            build.revise_findings(later, self.several_years, assessed.judgement.revised)
        self.counts.update(
            submission_count=submissions.height, finding_count=assessed.judgement.findings.height
        )
        self.counts.update(f"{decision}_count" for decision in submissions["decision"])

    def compute(self, build: NightBuild) -> None:
        """Roll up the standing submissions and compute every indicator anew."""
        with self.timed("indicators"):
            self._carry_over_returns(build)
            standing = build.standing_submissions()
            approved = approvals(self.journal.entries()).join(
                standing, on=["year", "unit_code", "submission"], how="semi"
            )
            computed = compute(build.standing_measures(), self.catalogue, approved)
            build.set_indicators(computed.indicators, computed.comparisons, computed.rollup)
            build.set_rules(rule_rows(self.rulebook))
            build.set_events(self.journal.frame())
            build.set_explanations(explanations(self.journal.entries()))

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
                    **list_versions(self.place),
                    "rule_count": len(self.rulebook.rules),
                    "city_rule_count": len(self.rulebook.city_rules),
                    **{name: self.counts[name] for name in COUNTS},
                }
            )
            if self.anew:
                build.keep_runs(self.home.database)
            build.check()
            self.revised = build.revised_since(self.home.database)
            build.close()
            before = read_published_figures(self.home.database)
            publish(self.home.building, self.home.database)
            self.moved = find_moved_figures(before, read_published_figures(self.home.database))


def list_versions(place: Installation) -> dict[str, str]:
    """What a warehouse is made by today: when any of these changes, it is made anew."""
    return {
        "code_version": code_version(),
        "catalogue_version": place.catalogue.version,
        "rules_version": place.rulebook.version,
    }


@contextmanager
def open_night(place: Installation, *, from_scratch: bool = False) -> Iterator[Night]:
    """Hold the writer's lock and open the journal. Raises AlreadyRunning, HomeUnfit, JournalBroken, CatalogueError."""
    require_fit(place.home)
    with writer_lock(place.home.root):
        at = datetime.now(TIME_ZONE)
        journal = Journal(place.home.journal)
        verify_shown_heads(journal, place.home)
        remove_leftovers(place.home)
        night = Night(place, journal, at, from_scratch)
        if journal.torn is not None:
            journal.append(Event.MENDED, place.settings.actor, at, night.run, line=journal.torn.line)
        yield night
