"""What a night asks of the file that it builds: what stands, what was said before, what must not be published."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from warehouse.catalogue.disclosure import Disclosure
from warehouse.catalogue.frames import MEASURE, ROLLUP, SUPPRESSED, Observations, Submissions, shaped
from warehouse.store.build_file import BuildFile
from warehouse.store.query import read_earlier

STANDING_MEASURES = "(FROM core.measure_log SEMI JOIN quality.standing USING (submission))"
"""core.measure without the names of its units, which of a country take longer to look up than all the rest."""


class BuildReader(BuildFile):
    """A warehouse file being built that answers a night's questions."""

    def read_standing_measures(
        self, units: Collection[str] | None = None, measures: Collection[str] | None = None
    ) -> pl.DataFrame:
        """MEASURE rows of the standing submissions of all years (key year + org_code + measure)."""
        asked = f"""SELECT {", ".join(MEASURE)} FROM {STANDING_MEASURES}
                    WHERE ($units IS NULL OR list_contains($units, unit_code))
                      AND ($measures IS NULL OR list_contains($measures, measure))"""
        given = {
            "units": None if units is None else list(units),
            "measures": None if measures is None else list(measures),
        }
        return self._connection.execute(asked, given).pl().pipe(shaped, MEASURE)

    def list_standing_years(self) -> list[int]:
        """The years of which something stands, ascending."""
        return self._list_years("quality.standing")

    def list_known_years(self) -> list[int]:
        """The years of which something stood when the numbers that are known were computed, ascending."""
        return self._list_years("(FROM quality.standing_log WHERE known_to IS NULL)")

    def _list_years(self, standing: str) -> list[int]:
        asked = f"SELECT DISTINCT m.year FROM core.measure_log AS m SEMI JOIN {standing} AS s USING (submission) ORDER BY year"
        return self._frame(asked)["year"].to_list()

    def sum_standing_measures(self, measures: Collection[str], but_for: Submissions) -> pl.DataFrame:
        """year, measure, value: what stands of ``measures`` altogether, without the units and years of ``but_for``."""
        self._register(but_for.select("unit_code", "year").unique())
        try:
            found = self._connection.execute(
                f"""SELECT m.year, m.measure, sum(m.value) AS value FROM {STANDING_MEASURES} AS m
                   ANTI JOIN incoming AS i ON i.unit_code = m.unit_code AND i.year = m.year
                   WHERE list_contains(?, m.measure) AND m.value IS NOT NULL GROUP BY ALL ORDER BY ALL""",
                [list(measures)],
            ).pl()
        finally:
            self._connection.unregister("incoming")
        return found.cast({"year": pl.Int32, "value": pl.Float64})

    def read_later_measures(self, submissions: Submissions) -> pl.DataFrame:
        """MEASURE rows of the standing submissions of later years than those of the same units in ``submissions``."""
        first = submissions.group_by("unit_code").agg(first_year=pl.col("year").min())
        own = submissions.select("unit_code", "year").unique()
        return (
            self.read_standing_measures(first["unit_code"])
            .join(first, on="unit_code", maintain_order="left")
            .filter(pl.col("year") > pl.col("first_year"))
            .join(own, on=["unit_code", "year"], how="anti", maintain_order="left")
            .pipe(shaped, MEASURE)
        )

    def list_asked_cells(self, submissions: list[str], but_for: list[str]) -> pl.DataFrame:
        """submission, org_code, field that critical findings and warnings of rules other than ``but_for`` ask about."""
        return self._connection.execute(
            """SELECT submission, org_code, field FROM quality.finding
               WHERE list_contains(?, submission) AND NOT list_contains(?, rule) AND severity <> 'info'""",
            [submissions, but_for],
        ).pl()

    def read_earlier(
        self, submissions: Submissions, answering: Collection[str]
    ) -> tuple[pl.DataFrame, Observations]:
        """As :func:`warehouse.store.query.read_earlier`."""
        return read_earlier(self._connection, submissions, answering)

    def read_standing_submissions(self) -> pl.DataFrame:
        """The standing submissions: unit_code, year (key), submission, received_seq."""
        return self._frame("FROM quality.standing ORDER BY year, unit_code")

    def read_known_standing(self) -> pl.DataFrame:
        """Of which submissions the numbers are that are known: unit_code, year (key), submission."""
        return self._frame(
            "SELECT unit_code, year, submission FROM quality.standing_log WHERE known_to IS NULL"
        )

    def read_rollup(self, measures: Collection[str]) -> pl.DataFrame:
        """ROLLUP of ``measures``, of every unit and year."""
        asked = "FROM core.rollup WHERE list_contains(?, measure)"
        return self._connection.execute(asked, [list(measures)]).pl().pipe(shaped, ROLLUP)

    def list_small_counts(self, disclosure: Disclosure) -> pl.DataFrame:
        """SUPPRESSED of the counts that are protected for what they are, in whichever submission: one may stand again."""
        return (
            self._connection.execute(
                """SELECT DISTINCT m.year, m.org_code, m.measure FROM core.measure_log AS m
               JOIN core.org_unit AS u ON u.org_code = m.org_code
                    AND m.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
               WHERE list_contains($measures, m.measure) AND list_contains($levels, u.org_level)
                 AND m.value > 0 AND m.value <= $threshold""",
                {
                    "measures": list(disclosure.measures),
                    "levels": list(disclosure.levels),
                    "threshold": disclosure.threshold,
                },
            )
            .pl()
            .pipe(shaped, SUPPRESSED)
        )
