"""The end of a night's work on the warehouse: sums and indicators of all that stands, and the swap of the files."""

from __future__ import annotations

import platform
import resource
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl

from expectations.rulebook.rule_document import list_rules
from flows.clock import TIME_ZONE
from flows.intake import hold_returned
from flows.keeping.marks import read_good_night
from flows.night import Night, list_versions
from flows.running.timing import STEPS_TO_PUBLISH
from flows.settings import Home
from transforms.disclosure.equations import list_relations
from transforms.disclosure.suppression import list_related, suppress
from transforms.indicators.groups import Group, list_groups
from transforms.indicators.indicators import compute, redraw
from transforms.indicators.term_tree import Ground, lay_ground
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.explanation_entries import list_explanations
from warehouse.ledger.journal import Entry, Event
from warehouse.ledger.releases import list_releases
from warehouse.ledger.review_entries import list_approvals
from warehouse.ledger.suppressions import list_suppressed, note_suppressed
from warehouse.standing.headline import find_moved_figures, read_published_figures
from warehouse.store.build import NightBuild
from warehouse.store.query import read_suppressed
from warehouse.store.redaction.publish_both import Places, publish_both

_COUNTS = ("submission_count", "accepted_count", "held_count", "refused_count", "finding_count")
"""What is counted of a night, whenever its submissions were received; columns of quality.run."""


def open_build(night: Night) -> NightBuild:
    """The new warehouse file beside the published one, with everything that one knows, where it may be built upon."""
    database = night.home.whole_database
    previous = database if database.exists() else None
    if night.is_anew:
        is_whole = database == night.home.restricted or read_suppressed(database).is_empty()
        # What is hidden in a published copy is computed again, as the journal tells.
        remembered = previous if is_whole else None
        return NightBuild(night.home.building, None, night.catalogue, remembered=remembered)
    return NightBuild(night.home.building, previous, night.catalogue)


def compute_indicators(night: Night, build: NightBuild) -> None:
    """Roll up the standing submissions and compute every indicator anew, from now on what we know."""
    at = build.find_moment(datetime.now(TIME_ZONE))
    if not (night.is_from_scratch or night.is_rehearsal):
        night.journal.append(Event.COMPUTED, night.installation.settings.actor, at, night.run)
    _set_indicators(night, build, at)
    _suppress_counts(night, build)
    build.set_releases(list_releases(night.journal.entries()))
    build.set_rules(list_rules(night.rulebook))
    build.add_events(night.journal.frame(after=build.event_count))
    build.set_explanations(list_explanations(night.journal.entries()))


def repeat_vintage(night: Night, build: NightBuild, computed: Entry) -> None:
    """Compute the indicators as they were when the journal said COMPUTED, from what stood before that line."""
    _set_indicators(night, build, computed.at, before=computed.seq)


def _set_indicators(night: Night, build: NightBuild, at: datetime, before: int | None = None) -> None:
    hold_returned(night, build, before)
    entries = [e for e in night.journal.entries() if before is None or e.seq < before]
    approved = list_approvals(entries).join(
        build.read_standing_submissions(), on=["year", "unit_code", "submission"], how="semi"
    )
    years = build.list_standing_years()
    changed = build.find_changed() if _only_submissions_changed(night, build, approved, years) else None
    build.begin_indicators(at, changed)
    groups = list_groups(night.catalogue, years, changed=changed and changed.measures)
    ground = lay_ground(night.catalogue, approved, years) if groups and years else None
    for group in groups:
        _add_group(night, build, group, approved, ground, is_current=before is None)
    build.end_indicators()


def _add_group(
    night: Night,
    build: NightBuild,
    group: Group,
    approved: pl.DataFrame,
    ground: Ground | None,
    *,
    is_current: bool,
) -> None:
    """Compute a group; what it took is given back with the end of this function.

    A vintage keeps what was published, the numbers of each year's own units; the series on today's boundaries is of what is
    known now (``is_current``).
    """
    measures = build.read_standing_measures(measures=group.read)
    computed = compute(measures, night.catalogue, approved, group, ground)
    redrawn = (
        redraw(measures, night.catalogue, approved, computed.indicators, group, ground)
        if is_current
        else None
    )
    build.add_indicators(computed.indicators, computed.comparisons, computed.rollup, redrawn)


def _only_submissions_changed(
    night: Night, build: NightBuild, approved: pl.DataFrame, years: list[int]
) -> bool:
    """Whether the numbers in the file that is built upon were computed of these years and approvals.

    Had the program or the catalogue changed, nothing would be built upon (list_versions).
    """
    known_count = build.known_journal_count
    if known_count is None or years != build.list_known_years():
        return False
    key = ["year", "unit_code", "submission"]
    before = list_approvals(e for e in night.journal.entries() if e.seq <= known_count).join(
        build.read_known_standing(), on=key, how="semi"
    )
    return approved.select(key).sort(key).equals(before.select(key).sort(key))


def _suppress_counts(night: Night, build: NightBuild) -> None:
    """Choose the counts that are not published. What was chosen once stays so: the journal says what."""
    protected = night.catalogue.settings.disclosure
    if protected is None:
        return
    earlier = list_suppressed(night.journal.entries())
    hidden = pl.concat([earlier, build.list_small_counts(protected)]).unique()
    if hidden.is_empty():
        build.set_suppressed(hidden)
        return
    relations = list_relations(night.rulebook.identities)
    cells = build.read_rollup(list_related(relations, protected.measures))
    parents = night.catalogue.registry.parents(cells["year"].unique().sort())
    chosen = suppress(cells, parents, relations, protected, before=hidden)
    hidden = pl.concat([hidden, chosen.select(hidden.columns)]).unique().sort(hidden.columns)
    if not night.is_rehearsal:
        note_suppressed(night.journal, hidden, night.installation.settings.actor, datetime.now(TIME_ZONE))
    build.set_suppressed(hidden)


def finish_build(night: Night, build: NightBuild) -> None:
    """Note the run in the built file, check it and close it. IntegrityError."""
    database, head = night.home.whole_database, night.journal.head
    build.add_run(
        {
            "run": night.run,
            "started_at": night.at.isoformat(timespec="seconds"),
            "finished_at": datetime.now(TIME_ZONE).isoformat(timespec="seconds"),
            "journal_count": head.count,
            "journal_hash": head.hash,
            **list_versions(night.installation),
            "rule_count": len(night.rulebook.rules),
            "city_rule_count": len(night.rulebook.city_rules),
            **{name: night.record.counts[name] for name in _COUNTS},
            **_measure_run(night),
        }
    )
    if (last := read_good_night(night.home.root)) is not None and last.late is not None:
        build.complete_run(last.late.run, _name_columns(last.late.seconds))
    build.check()
    night.record.revised = build.list_revised(database)
    build.close()


def _measure_run(night: Night) -> dict[str, object]:
    """What the run has cost so far, and by which programs; columns of quality.run."""
    seconds = night.steps.seconds
    return {
        **_name_columns({step: seconds[step] for step in STEPS_TO_PUBLISH if step in seconds}),
        "received_bytes": night.record.counts["received_bytes"],
        "observation_count": night.record.counts["observation_count"],
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "python_version": platform.python_version(),
        "duckdb_version": version("duckdb"),
        "polars_version": version("polars"),
    }


def _name_columns(seconds: Mapping[str, float]) -> dict[str, float]:
    """Seconds of steps by their columns of quality.run."""
    return {f"{step}_seconds": spent for step, spent in seconds.items()}


def publish_build(night: Night, build: NightBuild) -> None:
    """Check the built file and put it in the place of the published one."""
    home, database = night.home, night.home.database
    finish_build(night, build)
    before = read_published_figures(database)
    publish_file(home.building, home, night.catalogue)
    night.record.moved = find_moved_figures(before, read_published_figures(database))


def publish_file(built: Path, home: Home, catalogue: Catalogue) -> None:
    """Put a closed, checked file in the place of the published ones. NotPublishable, IntegrityError."""
    with ThreadPoolExecutor() as beside:
        publish_both(built, Places(home.database, home.restricted), catalogue, beside.submit)
