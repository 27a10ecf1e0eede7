"""Builds a night's warehouse file beside the published one: yesterday's file, today's batch, what is computed of both.

The log tables only ever grow (a held submission's decision may be revised); which submission stands is computed
from them by views. Hence a night replayed from an empty state gives the same content as one built on yesterday's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

import duckdb
import polars as pl

from warehouse.catalogue.frames import (
    FINDING,
    FINDING_KEY,
    CountedRows,
    Findings,
    Measures,
    Notes,
    Observations,
    Submissions,
    shaped,
    with_finding_id,
)
from warehouse.catalogue.load import Catalogue
from warehouse.registry.contribution import (
    list_contributing_years,
    make_contributions,
)
from warehouse.store import integrity
from warehouse.store.build_numbers import NumbersBuild
from warehouse.store.schema.declared_tables import list_expected_reports, list_terms, list_uses
from warehouse.store.schema.dictionary import list_definitions
from warehouse.store.schema.tables import tables
from warehouse.store.statements import statement
from warehouse.store.vintages import KEYS

DECISIONS = ("accepted", "held", "refused")


class BatchFrames(TypedDict, total=False):
    """The frames of a batch beside its submissions, each whole or in parts; an omitted frame has no rows."""

    observations: Observations | Iterable[Observations]  # OBSERVATION
    counted_rows: CountedRows | Iterable[CountedRows]  # COUNTED_ROW
    measures: Measures | Iterable[Measures]  # MEASURE
    findings: Findings | Iterable[Findings]  # FINDING
    notes: Notes | Iterable[Notes]  # NOTE
    unread: pl.DataFrame | Iterable[pl.DataFrame]  # UNREAD
    results: pl.DataFrame  # RULE_RESULT, + run where given, else the run of the batch's last submission


_TABLE_OF = {
    "observations": "core.observation_log",
    "counted_rows": "core.counted_row",
    "measures": "core.measure_log",
    "findings": "quality.finding",
    "notes": "quality.note",
    "unread": "quality.unread",
}


def _list_parts(frames: pl.DataFrame | Iterable[pl.DataFrame]) -> Iterable[pl.DataFrame]:
    return (frames,) if isinstance(frames, pl.DataFrame) else frames


class NightBuild(NumbersBuild):
    """A night's warehouse file: a NumbersBuild that knows what else a night puts in.

    Call ``add_batch`` for each batch, then ``set_indicators``, ``add_run`` and ``check``.
    """

    def __init__(
        self, path: Path, previous: Path | None, catalogue: Catalogue, *, remembered: Path | None = None
    ) -> None:
        """``remembered``: a published file that is not built upon, but whose record of what was published is kept."""
        super().__init__(path, previous, catalogue)
        self._remembered = remembered

    def __enter__(self) -> Self:
        super().__enter__()
        if self._remembered is not None:
            self._keep_record(self._remembered)
        return self

    def add_batch(self, submissions: Submissions, **frames: Unpack[BatchFrames]) -> int:
        """Append a batch; returns the number of new submissions. Known ones are left out with all their rows.

        A refused submission that was received again is new and replaces its first receipt.

        ``submissions``: SUBMISSION + decision, and where there are status (default: the decision), reason, rule and
        filled_count. ValueError for a decision that is none and for rows of a foreign submission.
        """
        bad = submissions.filter(~pl.col("decision").is_in(DECISIONS) | pl.col("decision").is_null())
        if bad.height:
            raise ValueError(f"not a decision: {bad['decision'].unique().to_list()}")
        if "status" not in submissions.columns:
            submissions = submissions.with_columns(status="decision")
        new = submissions.unique("submission", keep="first", maintain_order=True)
        known = self._frame("SELECT submission, received_seq AS seq, decision FROM quality.submission_log")
        known = known.join(new.select("submission", "received_seq"), on="submission")
        again = (pl.col("decision") == "refused") & (pl.col("seq") < pl.col("received_seq"))
        new = new.join(known.remove(again), on="submission", how="anti", maintain_order="left")
        if not new.height:
            return 0
        self._forget(known.filter(again)["submission"].to_list())
        all_new = new.height == submissions.height
        given: Mapping[str, Any] = frames
        sent = set(submissions["submission"])
        for name, table in _TABLE_OF.items():
            for frame in _list_parts(given.get(name, ())):
                if foreign := set(frame["submission"].unique()) - sent:
                    raise ValueError(
                        f"{table}: rows of submissions outside the batch: {sorted(map(str, foreign))[:3]}"
                    )
                self._append(table, frame if all_new else frame.join(new, on="submission", how="semi"))
        self._append("quality.submission_log", new)
        self._fill_contributions()
        if (results := frames.get("results")) is not None:
            if "run" not in results.columns:
                results = results.with_columns(run=pl.lit(new.sort("received_seq")["run"][-1], pl.String))
            done = self._frame("SELECT DISTINCT run FROM quality.rule_result")
            self._append("quality.rule_result", results.join(done, on="run", how="anti"))
        return new.height

    def _append(self, table: str, frame: pl.DataFrame) -> None:
        """A finding without an id gets it here."""
        needs_ids = table == "quality.finding" and frame["finding"].has_nulls()
        super()._append(table, with_finding_id(frame) if needs_ids else frame)

    def set_decisions(self, decisions: pl.DataFrame) -> None:
        """Revise decisions: submission, decision and where given reason and rule (a return)."""
        if not set(decisions["decision"].unique()) <= set(DECISIONS):
            raise ValueError(f"not a decision: {decisions['decision'].unique().to_list()}")
        names = ("submission", "decision", "reason", "rule")
        revised = shaped(decisions, dict.fromkeys(names, pl.String))
        self._register(revised)
        self._connection.execute(
            """UPDATE quality.submission_log AS s SET decision = i.decision, status = i.decision, reason = i.reason, rule = i.rule
               FROM incoming AS i WHERE i.submission = s.submission"""
        )
        self._connection.unregister("incoming")

    def revise_findings(self, submissions: list[str], rules: list[str], findings: Findings) -> None:
        """Replace the findings of ``rules`` in ``submissions`` of earlier nights, where they changed.

        ``findings``: FINDING of these submissions; sheet and cell are filled from their observations.
        """
        if not submissions:
            return
        old = self._connection.execute(
            "FROM quality.finding WHERE list_contains(?, submission) AND list_contains(?, rule)",
            [submissions, rules],
        ).pl()
        said = ["submission", *FINDING_KEY, "operands", "message"]
        new = with_finding_id(shaped(findings, FINDING))
        changed = pl.concat(
            [
                one.join(other, on=said, how="anti", nulls_equal=True).select("submission")
                for one, other in ((old, new), (new, old))
            ]
        )["submission"].unique()
        if changed.is_empty():
            return
        self._connection.execute(
            "DELETE FROM quality.finding WHERE list_contains(?, submission) AND list_contains(?, rule)",
            [changed.to_list(), rules],
        )
        self._expected_rows["quality.finding"] -= old.filter(pl.col("submission").is_in(changed)).height
        self._append("quality.finding", new.filter(pl.col("submission").is_in(changed)))
        self._connection.execute(
            """UPDATE quality.finding AS f SET sheet = o.sheet, cell = o.cell
               FROM core.observation_log AS o
               WHERE list_contains(?, f.submission) AND list_contains(?, f.rule)
                 AND o.submission = f.submission AND o.form = f.form AND o.org_code = f.org_code AND o.item = ''
                 AND o.field = f.field""",
            [changed.to_list(), rules],
        )

    def _fill_contributions(self) -> None:
        """core.contribution of the years of reports, as far as they are not there yet."""
        there = set(self._frame("SELECT DISTINCT year, source_year FROM core.contribution").iter_rows())
        for year, source_year in list_contributing_years(self._years_of_reports()):
            if (year, source_year) not in there:  # one by one: of a province each is large
                rows = make_contributions(self.catalogue.registry, source_year, year)
                self._append("core.contribution", rows)

    def set_suppressed(self, suppressed: pl.DataFrame) -> None:
        """Replace core.suppressed by what is not to be published (SUPPRESSED)."""
        self._replace("core.suppressed", suppressed)

    def set_releases(self, releases: pl.DataFrame) -> None:
        """Replace mart.release by the named versions: release (key), released_at, actor."""
        self._replace("mart.release", releases)

    def set_rules(self, rules: pl.DataFrame) -> None:
        """Replace quality.rule by the rules in force: rule (key), scope, severity, meaning, reason, fix."""
        self._replace("quality.rule", rules)

    @property
    def event_count(self) -> int:
        """How many of the journal's entries stand in quality.event: the first ones, since what is written there stays."""
        return self._count("quality.event")

    def add_events(self, events: pl.DataFrame) -> None:
        """Add to quality.event the journal's entries behind those (Journal.frame)."""
        self._append("quality.event", events.rename({"at": "occurred_at"}))  # AT is a word of DuckDB's

    def set_explanations(self, explanations: pl.DataFrame) -> None:
        """Replace quality.explanation by ``explanations`` (EXPLANATION)."""
        self._replace("quality.explanation", with_finding_id(explanations))

    def add_run(self, run: Mapping[str, Any]) -> None:
        """Add (or replace) the run's row of quality.run; counts that are not given are counted from the logs.

        Keys: run, started_at, finished_at (ISO text), journal_count, journal_hash, code_version; others as in
        quality.run. ValueError for a key that the table has not.
        """
        table = tables()["quality.run"]
        if unknown := run.keys() - table.frame_schema.keys():
            raise ValueError(f"quality.run has no {', '.join(sorted(unknown))}")
        made = {"catalogue_version": self.catalogue.version, "published_at": self.published_at}
        row = {**made, **self._counts(run["run"]), **run}
        before = self._count("quality.run")
        self._connection.execute("DELETE FROM quality.run WHERE run = ?", [row["run"]])
        self._expected_rows["quality.run"] -= before - self._count("quality.run")
        self._append("quality.run", pl.DataFrame([row], infer_schema_length=None))

    def _keep_record(self, previous: Path) -> None:
        """Copy the record of earlier runs and what was published when from a file that is not built upon."""
        with self._attach_previous(previous):
            for table in ("quality.run", *KEYS):
                try:
                    kept = self._frame(f"FROM previous.{table}")
                except duckdb.Error:
                    continue  # that version kept no such record
                self._append(table, kept)

    def complete_run(self, run: str, values: Mapping[str, float]) -> None:
        """Add to an earlier run's row of quality.run, where there is one, what was not known before that was published."""
        for column, value in values.items():
            if column not in tables()["quality.run"].frame_schema:
                raise ValueError(f"quality.run has no {column}")
            self._connection.execute(f"UPDATE quality.run SET {column} = ? WHERE run = ?", [value, run])

    def list_revised(self, previous: Path) -> list[str]:
        """The latest submissions whose findings differ from those in the published file ``previous``."""
        if not previous.exists():
            return []
        with self._attach_previous(previous):
            try:
                return self._frame(statement("warehouse.store", "revised"))["submission"].to_list()
            except duckdb.Error:
                return []  # that version kept its findings otherwise: nothing to compare with

    def check(self) -> None:
        """Raise integrity.IntegrityError, with Chinese sentences, unless the file may be published."""
        integrity.check(self._connection, self.catalogue, self._expected_rows)

    def _fill(self) -> None:
        self._create_for(self.catalogue)
        registry = self.catalogue.registry
        self._append("core.org_unit", registry.all_units.rename({"name": "org_name", "level": "org_level"}))
        self._append("core.succession", registry.succession)
        self._fill_contributions()
        self._append("core.expected_report", list_expected_reports(self.catalogue))
        self._append("mart.dictionary", list_definitions(self.catalogue))
        self._append("mart.use", list_uses(self.catalogue))
        self._append("mart.term", list_terms(self.catalogue))
        programmes = self.catalogue.programmes.values()
        self._append(
            "mart.programme",
            pl.DataFrame(
                {"programme": [p.id for p in programmes], "name_zh": [p.name_zh for p in programmes]}
            ),
        )

    def _counts(self, run: str) -> dict[str, int]:
        counts = self._connection.execute(
            """SELECT count(*), count(*) FILTER (decision = 'accepted'), count(*) FILTER (decision = 'held'),
                      count(*) FILTER (decision = 'refused')
               FROM quality.submission_log WHERE run = ?""",
            [run],
        ).fetchone()
        findings = self._connection.execute(
            """SELECT count(*) FROM quality.finding AS f
               JOIN quality.submission_log AS s ON s.submission = f.submission WHERE s.run = ?""",
            [run],
        ).fetchone()
        names = ("submission_count", "accepted_count", "held_count", "refused_count", "finding_count")
        return dict(zip(names, (*(counts or ()), *(findings or ())), strict=True))

    def _forget(self, refused: list[str]) -> None:
        """Remove refused submissions, which have no rows in other tables."""
        if refused:
            self._connection.execute(
                "DELETE FROM quality.submission_log WHERE list_contains(?, submission)", [refused]
            )
            self._expected_rows["quality.submission_log"] -= len(refused)
