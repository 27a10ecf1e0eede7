"""The form sheets of an issued workbook as a person sees them: head, rows, columns by their label, the 合计 line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.judged_batches import catalogue
from warehouse.catalogue.models import Field, Form


@dataclass(frozen=True)
class FormSheet:
    """``head`` is the line of the labels; rows of units are those with a code, of rosters those that list something."""

    form: Form
    sheet: Worksheet
    head: int

    @property
    def first(self) -> int:
        """The line of the first row."""
        return (
            next(
                line
                for line in range(self.head + 1, self.head + 6)
                if str(self.sheet.cell(line, 1).value) == "甲"
            )
            + 1
        )

    @property
    def name_column(self) -> int:
        """The column that says which thing a row of a roster is."""
        return self.column(self.form.field(self.form.item_field or "").label)

    @property
    def lines(self) -> list[int]:
        """The lines of the rows."""
        column = self.name_column if self.form.is_roster else 1
        end = self.sheet.max_row if self.form.is_roster else self.total - 1
        filled = (n for n in range(self.first, end + 1) if self.sheet.cell(n, column).value not in (None, ""))
        return [n for n in filled if not self.form.is_roster or str(self.sheet.cell(n, 1).value).isdigit()]

    @property
    def total(self) -> int:
        """The line of 合计."""
        return next(
            n for n in range(self.first, self.sheet.max_row + 1) if self.sheet.cell(n, 1).value == "合计"
        )

    def column(self, label: str) -> int:
        """The column under a label."""
        return next(
            c
            for line in (self.head, self.head - 1)
            for c in range(1, self.sheet.max_column + 1)
            if self.sheet.cell(line, c).value == label
        )

    def cell(self, line: int, label: str) -> Any:
        """The cell of a column in a line."""
        return self.sheet.cell(line, self.column(label))

    def fields(self, type: str | None = None, required: bool | None = None) -> Iterator[Field]:
        """The fields of a type that have a column."""
        labels = {self.sheet.cell(self.head, c).value for c in range(1, self.sheet.max_column + 1)}
        for field in self.form.fields:
            is_such = type in (None, field.type) and required in (None, field.required)
            if field.label in labels and is_such:
                yield field


def form_sheets(book: Workbook) -> list[FormSheet]:
    """The sheets of forms, in order."""
    by_number = {form.number: form for form in catalogue().forms.values()}
    found = []
    for sheet in book.worksheets:
        form = by_number.get(sheet.title.split()[0])
        if form is None:
            continue
        labels = {field.label for field in form.fields}
        counted = [sum(c.value in labels for c in row) for row in sheet.iter_rows(max_row=12)]
        found.append(FormSheet(form, sheet, counted.index(max(counted)) + 1))
    return found


def sheets_with_values(path: Path) -> list[FormSheet]:
    """The sheets of forms of a saved workbook, with values where formulas are."""
    return form_sheets(openpyxl.load_workbook(path, data_only=True))


def answers(sheets: Iterable[FormSheet]) -> dict[str, dict[str, list[object]]]:
    """Form's number -> a unit's code, or a listed thing's name -> what its row says."""
    said: dict[str, dict[str, list[object]]] = {}
    for sheet in sheets:
        key = sheet.name_column if sheet.form.is_roster else 1
        columns = [*([2] if sheet.form.is_roster else []), *(sheet.column(f.label) for f in sheet.fields())]
        said[sheet.form.number] = {
            str(sheet.sheet.cell(line, key).value): [sheet.sheet.cell(line, c).value for c in columns]
            for line in sheet.lines
        }
    return said


def delete_sheet(book: Workbook, sheet: FormSheet) -> None:
    """Delete the sheet as a spreadsheet program does: names that meant its cells lead nowhere any more."""
    for name in book.defined_names.values():
        if f"'{sheet.sheet.title}'!" in str(name.attr_text):
            name.attr_text = "#REF!"
    book.remove(sheet.sheet)
