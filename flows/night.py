"""One night of an installation: what it works on, what it has done so far, and which receipts it has to take in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import polars as pl

from expectations.judge import Judgement
from expectations.rulebook.rulebook import RuleBook
from flows.clock import TIME_ZONE
from flows.home_check import hold_for_writing, open_journal, remove_leftovers, require_fit
from flows.keeping.kept_objects import (
    describe_damage,
    describe_mended,
    describe_unnamed,
    list_damaged,
    list_received,
    list_unnamed,
)
from flows.keeping.marks import GoodNight, LateSteps, mark_good_night, read_good_night
from flows.partitions.retention import forget_unread
from flows.partitions.work import Part, WorkPlace
from flows.partitions.world import World, keep_world, know_world, read_program
from flows.places.destination import DestinationFailed
from flows.receiving.receive import Repeated
from flows.running.timing import STEPS_AFTER, Steps
from flows.settings import THREADS, Home, Installation, read_code_version
from warehouse.catalogue.frames import empty
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Entry, Event, Journal
from warehouse.ledger.review_entries import REVIEWS
from warehouse.standing.headline import MOVED
from warehouse.store.built_upon import is_of_this_version
from warehouse.store.query import read_journal_count, read_known_submissions, read_last_versions
from warehouse.store.soundness import make_sound


@dataclass
class Record:
    """What a night has done so far."""

    steps: Steps = field(default_factory=Steps)
    notes: list[str] = field(default_factory=list)  # for the digest
    troubles: list[str] = field(default_factory=list)  # what stands until somebody mends it, in sentences
    damaged: list[str] = field(default_factory=list)  # objects of the archive
    unnamed: list[str] = field(default_factory=list)  # the same, of which the journal knows nothing
    repeated: list[Repeated] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # in the inbox, and why
    counts: Counter[str] = field(default_factory=Counter)  # columns of quality.run
    unpacked: list[Entry] = field(default_factory=list)  # receipts still to be taken in
    docs: list[tuple[Judgement, pl.DataFrame]] = field(default_factory=list)
    revised: list[str] = field(default_factory=list)  # submissions whose findings are others now
    parts: set[str] = field(default_factory=set)  # keys in the place of work that it has read
    moved: pl.DataFrame = field(default_factory=lambda: empty(MOVED))


@dataclass(frozen=True)
class Night:
    """A night of one installation. Opened by :func:`open_night`, which holds the writer's lock.

    Its journal may be read-only: then it is a rehearsal, in which nothing is received or decided.
    ``is_from_scratch``: the journal is replayed, nothing is received or answered. ``is_anew``: the published file is not
    built upon, since it is missing or made by other rules, another catalogue or another version.
    """

    installation: Installation
    journal: Journal
    archive: Archive
    at: datetime
    run: str
    is_from_scratch: bool
    is_anew: bool
    record: Record

    @property
    def catalogue(self) -> Catalogue:
        """The city's catalogue."""
        return self.installation.catalogue

    @property
    def rulebook(self) -> RuleBook:
        """The rules in force."""
        return self.installation.rulebook

    @cached_property
    def world(self) -> World:
        """What the partitions of batches are read and judged by."""
        return World(self.catalogue, self.rulebook)

    @cached_property
    def kept_world(self) -> str:
        """The name under which whoever runs partitions finds it. DestinationFailed."""
        if self.installation.settings.task_runner == THREADS:
            return know_world(self.world)
        return keep_world(self.work, self.world)

    @cached_property
    def work(self) -> WorkPlace:
        """Where the partitions of batches leave what they made. DestinationFailed."""
        return WorkPlace(self.installation.settings.work or str(self.home.work))

    def read_part(self, key: str) -> Part:
        """What a partition left; the next night finds it too. WorkLost."""
        self.record.parts.add(key)
        return self.work.get(key)

    def forget_unread_parts(self) -> None:
        """Remove partitions that no night has read for long; a night can do without it."""
        days = self.installation.settings.keep_work_days
        try:
            forget_unread(self.work, self.record.parts, self.at.date(), days)
        except DestinationFailed as error:
            self.record.notes.append(str(error))

    @property
    def home(self) -> Home:
        """The installation's folders."""
        return self.installation.home

    @property
    def is_rehearsal(self) -> bool:
        """Whether the journal is left as it is, so that nothing can be received or decided."""
        return self.journal.read_only

    @property
    def steps(self) -> Steps:
        """The steps that have ended."""
        return self.record.steps

    def list_pending(self) -> list[list[Entry]]:
        """Receipts the published warehouse does not hold yet, batch by batch as they were received."""
        known = {} if self.is_anew else read_known_submissions(self.home.whole_database)
        decided = self.journal.decisions()
        batches: dict[str, list[Entry]] = {}
        for entry in self.journal.entries():
            is_known = entry.event != Event.RECEIVED or entry.seq <= known.get(str(entry.submission), 0)
            if not is_known and (entry.seq in decided or not self.is_rehearsal):
                batches.setdefault(entry.run or "", []).append(entry)
        self.archive.require(str(entry.submission) for batch in batches.values() for entry in batch)
        return list(batches.values())

    def list_vintages(self, *, is_known: bool) -> list[Entry]:
        """When indicators were computed before, as the journal says.

        ``is_known``: the file tells it of all that stands in it, so that only what came after is listed: what a night on
        another machine computed, or one that was cut off before it published.
        """
        known = read_journal_count(self.home.whole_database) if is_known else 0
        return [e for e in self.journal.entries() if e.event == Event.COMPUTED and e.seq > known]

    def list_batches(self) -> Iterator[list[Entry]]:
        """The pending batches, and after them the workbooks that were found inside of files of theirs."""
        yield from self.list_pending()
        while self.record.unpacked:
            found, self.record.unpacked = self.record.unpacked, []
            yield found

    def has_work(self) -> bool:
        """Whether the warehouse must be made: for new receipts, decisions of the administrator, or since it is outdated."""
        if self.is_from_scratch or self.is_anew or self.list_pending():
            return True
        known = read_journal_count(self.home.whole_database)
        if known != read_journal_count(self.home.database):
            return True  # a night was cut off between the swaps of the two files
        return known < 0 or any(e.seq > known and e.event in REVIEWS for e in self.journal.entries())


def list_versions(installation: Installation) -> dict[str, str]:
    """What a warehouse is made by today: when any of these changes, it is made anew."""
    return {
        "code_version": read_code_version(),
        "program_hash": read_program(),
        "catalogue_version": installation.catalogue.version,
        "rules_version": installation.rulebook.version,
    }


@contextmanager
def open_night(installation: Installation, *, from_scratch: bool = False) -> Iterator[Night]:
    """Hold the writer's lock and open the journal. Raises AlreadyRunning, HomeUnfit, JournalBroken, CatalogueError."""
    require_fit(installation.home)
    with hold_for_writing(installation.home) as lines:
        at = datetime.now(TIME_ZONE)
        journal = open_journal(lines, installation.home)
        remove_leftovers(installation.home)
        found = [make_sound(file) for file in installation.home.warehouses]
        night = Night(
            installation,
            journal,
            installation.home.find_archive(),
            at,
            at.strftime("%Y%m%dT%H%M%S%f"),
            from_scratch,
            from_scratch or "unrecorded" in (state for state, _ in found) or _is_outdated(installation),
            Record(notes=[said for _, said in found if said]),
        )
        if journal.torn is not None:
            journal.append(Event.MENDED, installation.settings.actor, at, night.run, line=journal.torn.line)
        _note_losses(night)
        yield night


def _note_losses(night: Night) -> None:
    """Note what of journal and archive is missing or changed, though the night can do without it. ArchiveDamaged."""
    if not night.journal.has_kept_head:
        night.record.notes.append(
            f"登记簿旁的校验记录 {night.home.journal.name}.head 缺失或无法辨认，已按现有登记簿重新写出；"
            "登记簿与回执、日报和数据仓库中的校验值相符。"
        )
    last = read_good_night(night.home.root)
    known = last.damaged if last else []
    for found in list_damaged(night.archive, list_received(night.journal), night.at.date(), known):
        night.record.troubles.append(describe_damage(found))
        night.record.damaged.append(found.path.name)
    if said := describe_mended(night.archive):
        night.record.notes.append(said)
    try:
        night.archive.send_missing(list_received(night.journal))
    except DestinationFailed as error:
        night.record.troubles.append(str(error))  # whether the night can do without it, receiving tells


def note_unnamed(night: Night) -> None:
    """Note objects that no line of the journal names, once; asked when all is received, workbooks inside of others too."""
    last = read_good_night(night.home.root)
    night.record.unnamed = list_unnamed(night.archive, list_received(night.journal))
    new = set(night.record.unnamed) - set(last.unnamed if last else ())
    if said := describe_unnamed(night.archive, sorted(new)):
        night.record.notes.append(said)


def mark_end(night: Night) -> None:
    """Leave the mark of a good night: the last thing that it does."""
    head = night.journal.head
    last = read_good_night(night.home.root)
    mark_good_night(
        night.home.root,
        GoodNight(
            at=datetime.now(TIME_ZONE),
            run=night.run,
            versions=list_versions(night.installation),
            journal_count=head.count,
            journal_hash=head.hash,
            damaged=night.record.damaged,
            unnamed=night.record.unnamed,
            late=_collect_late_steps(night) or (last.late if last else None),
        ),
    )


def _collect_late_steps(night: Night) -> LateSteps | None:
    """What quality.run cannot say of this night before the next; None where it has published nothing."""
    seconds = night.steps.seconds
    if "publish" not in seconds:
        return None
    return LateSteps(run=night.run, seconds={name: seconds[name] for name in STEPS_AFTER if name in seconds})


def _is_outdated(installation: Installation) -> bool:
    """Whether the published warehouse cannot be built upon: what stands in it would be judged differently today."""
    home, database = installation.home, installation.home.whole_database
    if installation.catalogue.settings.disclosure is not None and database != home.restricted:
        return database.exists()
    return database.exists() and not (
        is_of_this_version(database) and read_last_versions(database) == list_versions(installation)
    )
