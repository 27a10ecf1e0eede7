"""A few submissions, taken from the archive and read anew: does the warehouse hold what a rebuild would give?"""

from __future__ import annotations

import random

import polars as pl

from flows.settings import Installation
from flows.steps.batch import describe_file
from flows.steps.steps import conform_batch, read_batch
from warehouse.catalogue.frames import COUNTED_ROW, MEASURE, OBSERVATION
from warehouse.ledger.journal import Entry, Event, Journal
from warehouse.store.query import query

SAMPLE = 3


def find_differences(installation: Installation, journal: Journal, sample: int = SAMPLE) -> list[Entry]:
    """Of a few submissions in the warehouse, drawn anew with every entry of the journal, those that read otherwise."""
    held = query(
        installation.home.whole_database,
        "SELECT received_seq FROM quality.submission_log WHERE decision <> 'refused' ORDER BY received_seq",
    )["received_seq"].to_list()
    received = {e.seq: e for e in journal.entries() if e.event == Event.RECEIVED}
    known = [received[seq] for seq in held if seq in received]
    drawn = random.Random(journal.head.hash).sample(known, min(sample, len(known)))
    if not drawn:
        return []
    archive = installation.home.find_archive()
    files = [describe_file(entry, archive.path(str(entry.submission))) for entry in drawn]
    batch = conform_batch(
        read_batch(files, installation.catalogue, installation.settings.workers), installation.catalogue
    )
    observed = batch.observed
    wanted = [str(entry.submission) for entry in drawn]
    bad: set[str] = set()
    for table, anew, schema in (
        ("core.observation_log", observed.observations, OBSERVATION),
        ("core.counted_row", observed.counted_rows, COUNTED_ROW),
        ("core.measure_log", observed.measures, MEASURE),
    ):
        columns = list(schema)
        kept = query(
            installation.home.whole_database,
            f"SELECT {', '.join(columns)} FROM {table} WHERE list_contains(?, submission)",
            [wanted],
        )
        bad |= _find_unmatched(kept.cast(anew.select(columns).schema), anew.select(columns))
    return [entry for entry in drawn if entry.submission in bad]


def _find_unmatched(one: pl.DataFrame, other: pl.DataFrame) -> set[str]:
    """The submissions with a row that only one of two frames has, or has more often."""
    counted = [frame.group_by(frame.columns).len("times") for frame in (one, other)]
    both = list(counted[0].columns)
    return {
        submission
        for left, right in (counted, counted[::-1])
        for submission in left.join(right, on=both, how="anti", nulls_equal=True)["submission"]
    }
