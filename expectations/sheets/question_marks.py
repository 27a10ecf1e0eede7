"""Marks of a correction workbook: which cells have questions, of what severity, and the comment on each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from xlsxwriter.worksheet import Worksheet

from expectations.rulebook.rulebook import SEVERITIES
from expectations.sheets.layout import Column, display_width
from expectations.sheets.shown_values import Value
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form
from warehouse.words import labels
from warehouse.words.addresses import column_letter
from warehouse.words.folding import says_one_of
from warehouse.words.number_words import NOT_REPORTED, group_thousands

_ROW_WITH_UNIT = r"^第\d+行 "  # a row without a unit keeps its number, which alone identifies it
_COMMENT_WIDTH = 46  # in character cells
TOTAL = "合计"
"""Key of the questions about a form's total row."""


@dataclass(frozen=True)
class Question:
    """One finding as the unit is asked about it."""

    finding: Mapping[str, Any]

    @property
    def severity(self) -> str:
        """critical, warning or info."""
        return str(self.finding["severity"])

    @property
    def sentence(self) -> str:
        """The message without the row number, which refers to the file received."""
        return drop_row_number(str(self.finding["message"]))

    @property
    def is_laid_out(self) -> bool:
        """Whether laying out the sheet anew has mended the mistake, or made room for the missing rows."""
        return bool(self.finding["in_correction"]) or not self.finding["field"]

    @property
    def fix(self) -> str:
        """What the unit is to do in the correction workbook."""
        return str(self.finding["in_correction"] or self.finding["fix"])


def drop_row_number(message: str) -> str:
    """A finding's message without the row number, which refers to the file received."""
    return re.sub(_ROW_WITH_UNIT, "", message)


@dataclass
class Marks:
    """Questions, and their numbers (indexes) by form, row and field.

    ``by_row``: form and row -> field -> numbers; a row is an org code, the row number of a roster's row in the file
    received, or TOTAL. ``subtotals``: form -> name of a township -> field -> numbers about its 小计. ``unread``: form and
    row of the file received -> numbers about rows that were not taken over; 未读入的内容 shows them. ``shown_cells``: number
    -> sheet and cell that shows the question, filled while comments are written.
    """

    questions: list[Question] = field(default_factory=list)
    by_row: dict[tuple[str, str], dict[str, list[int]]] = field(default_factory=dict)
    subtotals: dict[str, dict[str, dict[str, list[int]]]] = field(default_factory=dict)
    unread: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    shown_cells: dict[int, tuple[str, str]] = field(default_factory=dict)

    def questions_of_row(self, form: Form, key: object) -> Mapping[str, list[int]]:
        """Field ('' for the row itself) -> numbers of the questions about one row of ``form``."""
        return self.by_row.get((form.id, str(key)), {})

    def list_unshown(self, form: Form) -> dict[str, list[int]]:
        """Field ('' for the form itself) -> numbers of the questions about ``form`` that no cell has shown."""
        found: dict[str, list[int]] = {}
        elsewhere = {number for numbers in self.unread.values() for number in numbers}
        for number, question in enumerate(self.questions):
            if number in elsewhere:
                continue
            if question.finding["form"] == form.id and number not in self.shown_cells:
                found.setdefault(question.finding["field"] or "", []).append(number)
        return found

    def severity(self, numbers: Iterable[int]) -> str:
        """The highest severity of these questions."""
        return min((self.questions[n].severity for n in numbers), key=SEVERITIES.index)

    def unreadable_text(self, numbers: Iterable[int]) -> str | None:
        """The unit's own text in a cell that could not be read; None where the questions are about something else."""
        found = (self.questions[n].finding for n in numbers)
        return next((str(f["value"]) for f in found if f["value"] and f["scope"] == "problem"), None)

    def reported_total(self, numbers: Iterable[int]) -> float | None:
        """The number in a total row that differs from the sum of its rows; None where the questions are about something else."""
        found = (self.questions[n].finding for n in numbers)
        return next((float(f["value"]) for f in found if f["scope"] == "total"), None)

    def write_comment(
        self,
        sheet: Worksheet,
        line: int,
        index: int,
        numbers: list[int],
        columns: tuple[Column, ...] = (),
        values: Mapping[str, Value] | None = None,
        before: Value = None,
    ) -> None:
        """Write the comment of a cell and note that it shows these questions.

        ``values``: field -> value of the row as its cells show it; ``before``: last year's value of the cell.
        """
        texts = [self._write_text(n, line, columns, values or {}, before) for n in numbers]
        text = "\n\n".join(texts)
        lines = sum(-(-max(display_width(part), 1) // _COMMENT_WIDTH) for part in text.split("\n"))
        options = {
            "width": 330,
            "height": 18 * lines + 12,
            "font_size": 9,
            "font_name": "SimSun",
            "author": "计生协年报",
        }
        sheet.write_comment(line, index, text, options)
        for number in numbers:
            self.shown_cells.setdefault(number, (sheet.get_name(), f"{column_letter(index)}{line + 1}"))

    def _write_text(
        self,
        number: int,
        line: int,
        columns: tuple[Column, ...],
        values: Mapping[str, Value],
        before: Value,
    ) -> str:
        finding = self.questions[number].finding
        asked = finding["fields"] or ()
        cells = [
            f"{column_letter(i)}{line + 1} {c.field.label} {show_plainly(values.get(c.field.id))}"
            for i, c in enumerate(columns)
            if c.role == "field" and c.field and c.field.id in asked
        ]
        parts = [f"【{labels.SEVERITY[finding['severity']]}】{self.questions[number].sentence}"]
        if len(cells) > 1:
            parts.append(f"有关单元格：{'；'.join(cells)}")
        if before not in (None, ""):
            parts.append(f"上年数：{show_plainly(before)}")
        if finding["likely"]:
            parts.append(str(finding["likely"]))
        if finding["suggestion"] and finding["suggestion"] not in finding["message"]:
            parts.append(f"是否为“{finding['suggestion']}”？")
        parts.append(f"处理：{self.questions[number].fix}")
        return "\n".join(parts)


def show_plainly(value: Value) -> str:
    """A shown value in a sentence; blank is …."""
    if value is None or value == "":
        return NOT_REPORTED
    return group_thousands(value) if isinstance(value, (int, float)) else str(value)


def make_marks(questions: pl.DataFrame, catalogue: Catalogue, unread: pl.DataFrame | None = None) -> Marks:
    """The marks of ``questions``: FINDING, scope and in_correction of the rule, finding_status, text, reason, draft,
    had_explanation. ``unread`` (UNREAD): what was not taken over of the file.
    """
    # A total row has the code of the unit, since it names nobody else.
    says_total = says_one_of(pl.col("org_name"), catalogue.settings.words.total_row)
    is_named_total = says_total & (pl.col("org_code") == pl.col("unit_code"))
    placed = questions.with_columns(in_total=(pl.col("scope") == "total") | is_named_total)
    marks = Marks([Question(row) for row in placed.iter_rows(named=True)])
    lost = set() if unread is None else _list_lost_rows(unread)
    for number, question in enumerate(marks.questions):
        finding = question.finding
        form = catalogue.forms.get(finding["form"] or "")
        if form is None:
            continue
        row = re.search(r"\d+$", finding["cell"] or "")
        field_id = finding["field"] or ""
        if row and (form.id, int(row[0])) in lost:
            marks.unread.setdefault((form.id, int(row[0])), []).append(number)
            continue
        if finding["scope"] == "total" and finding["org_code"] != finding["unit_code"]:
            of_form = marks.subtotals.setdefault(form.id, {})
            of_form.setdefault(finding["org_name"], {}).setdefault(field_id, []).append(number)
            continue
        key = (row[0] if row else None) if form.is_roster else finding["org_code"]
        key = TOTAL if finding["in_total"] else key
        if key:
            marks.by_row.setdefault((form.id, key), {}).setdefault(field_id, []).append(number)
    return marks


def _list_lost_rows(unread: pl.DataFrame) -> set[tuple[str, int]]:
    """Form and row number of the units' rows that were not taken over."""
    rows = unread.filter(pl.col("reason") != "own_column").select("form", "row").unique()
    return {(str(form), int(row)) for form, row in rows.iter_rows()}
