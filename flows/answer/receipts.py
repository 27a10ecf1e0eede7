"""Receipts: what a county reads the morning after, one Markdown page per submission in its outbox folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from expectations.sheets.question_marks import show_plainly
from expectations.sheets.shown_values import show_value
from expectations.verdicts.causes import CAUSE, group_by_cause, group_notes_by_cause
from flows.answer.corrections import Correction
from flows.answer.receipt_findings import partition_by_submission, sort_findings
from flows.answer.receipt_sentences import (
    describe_decision,
    describe_due_dates,
    describe_repeat,
    describe_result,
    write_sentences,
)
from flows.receiving.receive import Repeated
from flows.settings import Installation
from flows.telling.markdown_page import escape_text, render_page
from warehouse.ledger.durability import make_folder, write_durably
from warehouse.ledger.journal_head import Head, head_words
from warehouse.standing.outcomes import Outcome
from warehouse.words import labels
from warehouse.words.day_words import moment_words
from warehouse.words.templates import render_lines, render_text

UNKNOWN_UNIT = "未识别单位"
_SHOWN = 200


_NO_LINES = pl.DataFrame(schema=CAUSE)


class Office:
    """Writes the receipts of one night into the outbox.

    ``head`` is the journal's, printed whole: that the journal's tail was cut off is seen only by comparing with it.
    """

    def __init__(self, installation: Installation, head: Head, printed_at: datetime) -> None:
        self.outbox = installation.home.outbox
        self.catalogue = installation.catalogue
        self.rulebook = installation.rulebook
        self.printed_at = printed_at
        self.names = installation.catalogue.unit_names()
        self.foot = {
            "association": installation.catalogue.settings.city.association,
            "printed_at": moment_words(printed_at),
            "journal_head": head_words(head),
        }

    def answer(self, outcome: Outcome, corrections: Mapping[str, Correction] | None = None) -> list[Path]:
        """One receipt for each submission; the paths written. ``corrections``: the workbooks written, by submission."""
        corrected = corrections or {}
        of_each = partition_by_submission(outcome.findings)
        told = {
            row["submission"]: sort_findings(
                row,
                of_each.get(row["submission"], outcome.findings.clear()),
                corrected.get(row["submission"]),
                self.catalogue,
                self.rulebook,
            )
            for row in outcome.submissions.iter_rows(named=True)
        }
        # What is grouped is grouped for all at once: a night has thousands of receipts.
        asked = pl.concat([each.asked for each in told.values()]) if told else outcome.findings.clear()
        lines = partition_by_submission(group_by_cause(asked, self.catalogue, self.rulebook))
        noted = partition_by_submission(group_notes_by_cause(outcome.notes, self.catalogue))
        note_counts = dict(outcome.notes.group_by("submission").len().iter_rows())
        sheets = partition_by_submission(outcome.sheets)
        changes = partition_by_submission(outcome.changes)
        written: list[Path] = []
        for row in outcome.submissions.iter_rows(named=True):
            key = row["submission"]
            found = told[key]
            correction = corrected.get(key)
            own = lines.get(key, _NO_LINES)
            text = self._text(
                row,
                sentences=[
                    *describe_decision(row, found.asked, found.folded, found.all),
                    *self._compare_with_previous(row, found.asked, changes.get(key)),
                    *write_sentences("what_to_do", row, correction=correction and correction.path.name),
                ],
                findings=[_escape_line(line) for line in own.head(_SHOWN).iter_rows(named=True)],
                finding_count=found.asked.height,
                folded_count=found.folded.height,
                is_corrected=correction is not None,
                line_count=own.height,
                rules="、".join(own["rule"].unique(maintain_order=True)),
                sheets=list(self._summarise_forms(sheets.get(key), found.asked)),
                notes=[
                    {name: escape_text(note[name]) for name in ("place", "raw", "value")}
                    for note in noted.get(key, _NO_LINES).head(_SHOWN).iter_rows(named=True)
                ],
                note_count=note_counts.get(key, 0),
            )
            written.append(self._write(row, text))
        return written

    def answer_repeated(
        self, repeated: Sequence[Repeated], known: Mapping[str, dict[str, Any]]
    ) -> list[Path]:
        """One receipt for each file that was sent once more, saying what became of it the first time.

        ``known``: the rows of Outcome.submissions by submission, of every submission in the warehouse. Copies of one file
        that did not come by mail are named together, in one receipt.
        """
        names: dict[str, list[str]] = defaultdict(list)
        for again in repeated:
            if again.mail is None:
                names[again.submission].append(again.name)
        together: dict[str, Path] = {}
        written: list[Path] = []
        for again in repeated:
            if again.mail is None and again.submission in together:
                written.append(together[again.submission])
                continue
            row = known[again.submission]
            said = [again.name] if again.mail else names[again.submission]
            text = self._text(
                row,
                is_repeated=True,
                file_name=escape_text("、".join(said)),
                sentences=describe_repeat(row),
            )
            together[again.submission] = self._write(row, text, "_重复")
            written.append(together[again.submission])
        return written

    def _text(self, row: dict[str, Any], **told: object) -> str:
        """The receipt about a submission; what it is not ``told`` it leaves out."""
        return render_text("flows.answer", "receipt.md", **self._list_printed_values(row) | told)

    def _list_printed_values(self, row: dict[str, Any]) -> dict[str, object]:
        """What every receipt about a submission may print, and nothing found."""
        return {
            "unit_name": self.names.get(row["unit_code"], UNKNOWN_UNIT),
            "year": row["year"],
            "file_name": escape_text(row["file_name"]),
            "received_at": moment_words(row["received_at"]),
            "submission": row["submission"],
            "result": describe_result(row),
            "due": self.describe_due_date(row),
            "contact": self.catalogue.settings.contact,
            **self.foot,
            **dict.fromkeys(("is_repeated", "is_corrected"), False),
            **dict.fromkeys(("findings", "sheets", "notes"), ()),
            **dict.fromkeys(("finding_count", "folded_count", "line_count", "note_count"), 0),
            "rules": "",
        }

    def describe_due_date(self, row: dict[str, Any]) -> str:
        """By when to report; the days only where the report is still owed."""
        due, is_delivered = row["due_date"], row["decision"] == "accepted"
        return describe_due_dates(due, self.printed_at.date(), is_over=is_delivered) if due else ""

    def _compare_with_previous(
        self, row: dict[str, Any], found: pl.DataFrame, changes: pl.DataFrame | None
    ) -> Iterator[str]:
        """What is otherwise than in the submission before: the questions, and the numbers."""
        if row["previous"] is None or row["decision"] == "refused":
            return
        status, is_asked = pl.col("finding_status"), pl.col("severity") != "info"
        is_open, is_back = is_asked & (status == "open"), is_asked & (status == "reopened")
        new, kept, back = (
            found.filter(told).height
            for told in (is_open & pl.col("is_new"), is_open & ~pl.col("is_new"), is_back)
        )
        listed = [] if changes is None else changes.to_dicts()
        yield from render_lines(
            "flows.answer",
            "sentences",
            "compared",
            is_asked=bool(row["fixed_count"] or row["blanked_count"] or new or kept or back),
            fixed_count=row["fixed_count"],
            blanked_count=row["blanked_count"],
            kept_count=kept,
            new_count=new,
            back_count=back,
            changes=[self._describe_change(change) for change in listed],
            change_count=listed[0]["change_count"] if listed else 0,
        )

    def _describe_change(self, change: dict[str, Any]) -> str:
        form = self.catalogue.forms.get(change["form"])
        field = next((f for f in form.fields if f.id == change["field"]), None) if form else None
        if form is None or field is None:
            return escape_text(f"{change['sheet']} {change['cell']}")
        words = self.catalogue.settings.words
        old, new = (show_plainly(show_value(field, change[name], words)) for name in ("old", "new"))
        what = f"{change['item'] or change['org_name'] or ''} {field.label}".strip()
        return escape_text(f"{form.number} {change['cell']}（{what}）{old} → {new}")

    def _summarise_forms(
        self, filled: pl.DataFrame | None, found: pl.DataFrame
    ) -> Iterator[dict[str, object]]:
        """One line for each form: how much is filled in, and how many questions there are."""
        if filled is None:
            return
        counts = dict(filled.select("form", pl.struct("filled_count", "blank_count")).iter_rows())
        asked = dict(
            found.group_by("form")
            .agg(*((pl.col("severity") == severity).sum().alias(severity) for severity in labels.SEVERITY))
            .select("form", pl.struct(*labels.SEVERITY))
            .iter_rows()
        )
        for form in self.catalogue.forms.values():
            if form.id not in counts:
                continue
            yield {
                "number": form.number,
                "title": form.title,
                "filled": counts[form.id]["filled_count"],
                "blank": counts[form.id]["blank_count"],
                **(asked.get(form.id) or dict.fromkeys(labels.SEVERITY, 0)),
            }

    def _write(self, row: dict[str, Any], text: str, suffix: str = "") -> Path:
        return self.put(row["unit_code"], f"{row['submission'][:8]}{suffix}", text, row["year"])

    def put(self, unit_code: str | None, about: str, text: str, year: int | None = None) -> Path:
        """Write a receipt into the unit's folder, as text and as a page; the path of the text. ``about``: ends its name."""
        name = f"回执_{year or '年度不明'}_{self.printed_at:%Y%m%d}_{about}.md"
        path = self.folder(unit_code) / name
        write_durably(path, text.encode(errors="replace"))
        write_durably(path.with_suffix(".html"), render_page(text, path.stem).encode(errors="replace"))
        return path

    def folder(self, unit_code: str | None) -> Path:
        """The unit's folder in the outbox, made when it is not there."""
        folder = self.outbox / find_outbox_folder(unit_code, self.names.get(unit_code or ""))
        make_folder(folder)
        return folder


def find_outbox_folder(unit_code: str | None, unit_name: str | None) -> str:
    """The unit's folder in the outbox: code and name, so that people and programs both find it."""
    return f"{unit_code}{unit_name}" if unit_code and unit_name else UNKNOWN_UNIT


def _escape_line(line: dict[str, Any]) -> dict[str, str]:
    texts = {name: escape_text(line[name]) for name in ("place", "message", "fix", "status")}
    return texts | {"severity": labels.SEVERITY[line["severity"]]}
