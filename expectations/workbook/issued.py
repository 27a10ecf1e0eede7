"""Writes an issued workbook: one .xlsx per reporting unit and year, with every org unit in its rows.

The same inputs give the same bytes: no clock is read and nothing depends on the order of a set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from xlsxwriter.workbook import Workbook

from expectations.live_audit.audit import add_audit, write_audit
from expectations.live_audit.live_formats import column_rules, reading_rules, select_live_rules
from expectations.rulebook.rulebook import RuleBook
from expectations.sheets.layout import unit_level, unit_name
from expectations.sheets.page import Issue
from expectations.sheets.question_marks import Marks, make_marks
from expectations.sheets.styles import Styles
from expectations.sheets.validation import Lists
from expectations.workbook.cover import write_cover
from expectations.workbook.explanation_sheet import add_answers, write_answers
from expectations.workbook.form import write_form
from expectations.workbook.guide import RuleLine, list_rule_lines, write_guide
from expectations.workbook.unread_sheet import add_unread
from warehouse.catalogue.load import Catalogue
from warehouse.words.folding import fold

Entries = Mapping[str, pl.DataFrame]
"""Form id -> a frame with org_code and the form's fields, in stored units; null is a blank cell, 不适用 is written out."""


@dataclass(frozen=True)
class Content:
    """The values in the cells of an issued workbook.

    ``entries``: this year's values (none for an empty form; a roster without rows says 无); ``prior``: last year's.
    ``created``: the time in the file's properties (default: the first day after the report year).
    """

    entries: Entries = field(default_factory=dict)
    prior: Entries = field(default_factory=dict)
    is_sample: bool = False
    created: datetime | None = None


@dataclass(frozen=True)
class CorrectionContent:
    """What a correction workbook holds beside the entries.

    ``questions``: as for :func:`expectations.sheets.question_marks.make_marks`; their cells are coloured and commented, and
    说明 lists them. ``answered``: the submission; ``about``: a line of 说明 that describes it; ``unread`` (UNREAD): what was
    not taken over of it.
    """

    questions: pl.DataFrame
    answered: str = ""
    about: str = ""
    unread: pl.DataFrame | None = None


def write_workbook(
    path: Path,
    unit_code: str,
    year: int,
    catalogue: Catalogue,
    rulebook: RuleBook | Sequence[RuleLine] | None = None,
    content: Content | None = None,
    correction: CorrectionContent | None = None,
) -> Mapping[int, tuple[str, str]]:
    """Write the workbook of ``unit_code`` for ``year`` to ``path`` (its folder exists).

    ``rulebook`` (or ready-made lines of 表号, 性质, text) fills 审核关系 in 填报说明, and its row rules colour cells that break
    them. Returns, by its row number, the sheet and cell that shows each question of ``correction``. Raises KeyError when the unit
    does not report in ``year``.
    """
    content = content or Content()
    unread = None if correction is None else correction.unread
    catalogue = catalogue.in_year(year)
    settings = catalogue.settings
    level = unit_level(catalogue, unit_code, year)
    lost = None if unread is None else unread.filter(pl.col("reason") != "cover")
    moment = content.created or datetime(year + 1, 1, 1, tzinfo=UTC)
    with Workbook(str(path), {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        styles = Styles(book)
        issue = Issue(
            book=book,
            styles=styles,
            lists=Lists(),
            catalogue=catalogue,
            unit_code=unit_code,
            unit_name=unit_name(catalogue, unit_code, year),
            unit_level=level,
            year=year,
            has_prior=bool(content.prior),
            is_sample=content.is_sample,
            live_checks=select_live_rules(rulebook, year),
            column_rules=column_rules(rulebook),
            reading_rules=reading_rules(rulebook),
            is_correction=correction is not None,
            marks=Marks() if correction is None else make_marks(correction.questions, catalogue, lost),
            signed={} if unread is None else _read_signatures(unread),
        )
        forms = catalogue.forms_of(level, year)
        write_cover(issue)
        answers = None if correction is None else add_answers(issue)
        write_guide(issue, forms, list_rule_lines(rulebook, catalogue, level, year))
        audit = add_audit(issue) if issue.live_checks else None
        for form in forms:
            write_form(issue, form, content.entries.get(form.id), content.prior.get(form.id))
        if audit is not None:
            write_audit(issue, audit, forms)
        if lost is not None:
            add_unread(issue, lost)
        if correction is not None and answers is not None:  # last: it refers to the other sheets
            write_answers(issue, answers, correction.about, correction.answered)
        issue.lists.write(book, styles)
        book.set_properties(
            {
                "title": f"{settings.city.association}统计年报（{issue.unit_name}，{year}年）",
                "subject": settings.words.sample_mark if content.is_sample else "统计年报",
                "author": settings.form_set.issuer,
                "company": settings.city.association,
                "created": moment,
            }
        )
        for name, text in {
            "form_set": settings.form_set.version,
            "unit_code": unit_code,
            "report_year": str(year),
            "is_sample": "true" if content.is_sample else "false",
        }.items():
            book.set_custom_property(f"nianbao_{name}", text, "text")
    return issue.marks.shown_cells


def _read_signatures(unread: pl.DataFrame) -> dict[str, str]:
    """The signatures on the cover of the file: folded heading -> text."""
    of_cover = unread.filter(pl.col("reason") == "cover").select("heading", "text")
    return {fold(heading).rstrip(":"): text for heading, text in of_cover.iter_rows()}
