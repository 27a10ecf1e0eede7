"""A warehouse file being built, and what is computed from all standing submissions: indicators, what compares them, sums."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from warehouse.catalogue.frames import INDICATOR, empty, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.registry.contribution import apportion_split_numbers, find_splits, list_heirs
from warehouse.store.build_reader import BuildReader
from warehouse.store.held import STAGED, find_held, forget_held, mark_held
from warehouse.store.unchanged import (
    Changed,
    find_changed,
    forget_changed,
    is_of,
    stage_missing,
)
from warehouse.store.vintages import find_moment, keep_vintage
from warehouse.words.day_words import as_beijing


class NumbersBuild(BuildReader):
    """A warehouse file being built that takes in what a night computes, group by group."""

    def __init__(self, path: Path, previous: Path | None, catalogue: Catalogue) -> None:
        super().__init__(path, previous)
        self.catalogue = catalogue
        self.published_at: datetime | None = None
        self._changed: Changed | None = None
        self._given: list[str] = []

    @property
    def known_journal_count(self) -> int | None:
        """How many lines of the journal were known when the numbers in the file that is built upon were computed.

        None where nothing is built upon, and once other numbers have been put in.
        """
        if self.previous is None or self.published_at is not None:
            return None
        found = self._frame("SELECT journal_count FROM quality.run ORDER BY started_at DESC LIMIT 1")
        return None if found.is_empty() else int(found.item())

    def find_changed(self) -> Changed:
        """What must be computed again, given that years and approvals are what they were."""
        return find_changed(self._connection, self.catalogue)

    def set_indicators(
        self,
        indicators: pl.DataFrame,
        comparisons: pl.DataFrame | None = None,
        rollup: pl.DataFrame | None = None,
        redrawn: pl.DataFrame | None = None,
        *,
        at: datetime,
    ) -> None:
        """Put in what is computed from all standing submissions at once; see :func:`begin_indicators`."""
        self.begin_indicators(at)
        self.add_indicators(indicators, comparisons, rollup, redrawn)
        self.end_indicators()

    def begin_indicators(self, at: datetime, changed: Changed | None = None) -> None:
        """From now on, ``add_indicators`` puts in group by group what is computed from all standing submissions.

        ``at``: from when on this is what we know. ``changed``: what is put in; everything else still holds (find_changed).
        """
        self.published_at = as_beijing(at)
        self._changed = changed
        self._given = []
        forget_changed(self._connection, changed)
        find_held(self._connection, self.catalogue)

    def add_indicators(
        self,
        indicators: pl.DataFrame,
        comparisons: pl.DataFrame | None = None,
        rollup: pl.DataFrame | None = None,
        redrawn: pl.DataFrame | None = None,
    ) -> None:
        """mart.indicator and mart.redrawn (INDICATOR), mart.comparison (COMPARISON), core.rollup_above_villages (ROLLUP).

        All rows of an indicator come together.
        """
        given = indicators["indicator"].unique().sort().to_list()
        self._stage(indicators)
        self._keep_numbers(is_of(given))
        self._given += given
        added = {
            "mart.comparison": comparisons,
            "core.rollup_above_villages": rollup,
            "mart.redrawn": redrawn,
        }
        for table, rows in added.items():
            if rows is not None:
                self._append(table, rows)

    def _stage(self, indicators: pl.DataFrame) -> None:
        published = [i.id for i in self.catalogue.indicators.values() if i.is_published]
        rows = shaped(indicators, INDICATOR).with_columns(is_published=pl.col("indicator").is_in(published))
        self._register(rows)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {STAGED} AS FROM incoming")
        self._connection.unregister("incoming")

    def _keep_numbers(self, among: str) -> None:
        """What is staged is what is known from now on, ``among`` the rows of mart.indicator_log that meet a condition."""
        assert self.published_at is not None, "begin_indicators came before"
        mark_held(self._connection)
        self._keep_vintage("mart.indicator_log", STAGED, self.published_at, among)

    def end_indicators(self) -> None:
        """All groups are there: numbers that were not put in are known no more, or still hold; core.handed_on and core.heir."""
        assert self.published_at is not None, "begin_indicators came before"
        self._stage(empty(INDICATOR))
        if self._changed is None:
            self._keep_numbers(f"NOT {is_of(self._given)}")
        else:
            not_given = set(self._changed.indicators) - set(self._given)
            self._keep_numbers(
                f"{is_of(sorted(not_given))} OR {stage_missing(self._connection, self._changed)}"
            )
        self._connection.execute(f"DROP TABLE {STAGED}")
        forget_held(self._connection)
        self._keep_vintage("quality.standing_log", "quality.standing", self.published_at)
        registry, years = self.catalogue.registry, self._years_of_reports()
        splits = find_splits(registry, years)
        numbers = (
            apportion_split_numbers(self.read_standing_measures(), registry, splits, self.catalogue.quanta)
            if splits
            else None
        )
        self._replace("core.handed_on", numbers)
        self._replace("core.heir", list_heirs(registry, years))

    def find_moment(self, now: datetime) -> datetime:
        """The moment of this build: ``now``, or just after the last one should the clock be behind."""
        return find_moment(self._connection, now)

    @property
    def remembers(self) -> bool:
        """Whether the file holds what was published before, by itself or taken over."""
        return bool(self._count("mart.indicator_log"))

    def _keep_vintage(self, table: str, source: str, at: datetime, among: str = "true") -> None:
        self._order_rows_for(table)
        keep_vintage(self._connection, table, source, at, among)
        self._expected_rows[table] = self._count(table)

    def _years_of_reports(self) -> range:
        """From the first year for which anything was received to the last that is open."""
        first, last = self.catalogue.settings.first_year, self.catalogue.settings.last_year
        row = self._connection.execute(
            "SELECT min(year) FROM quality.submission_log WHERE year BETWEEN ? AND ?", [first, last]
        ).fetchone()
        return range(row[0] if row and row[0] is not None else last, last + 1)
