"""A clerk who does what the sentences of a correction workbook say, word for word, and nothing else.

Reads the sheet 说明 from the top: what 处理办法 says is done at the cell that is named, in the light of the books (the
workbook as it should have been). Where the cell is locked or cannot be found the clerk cannot obey, which is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook

from tests.form_sheets import FormSheet, form_sheets, sheets_with_values
from warehouse.words.labels import SEVERITY
from warehouse.words.workbook_texts import ANSWER_BOX, ANSWER_SHEET, UNREAD_SHEET


@dataclass
class Clerk:
    """``books``: the workbook as it should have been, opened with its values."""

    books: Path
    could_not: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.true = {sheet.form.number: sheet for sheet in sheets_with_values(self.books)}

    def obey(self, correction: Path, saved: Path) -> list[str]:
        """Mend what must be mended, save as another file; what was asked, line by line."""
        book = openpyxl.load_workbook(correction)
        asked = list(_asked(book))
        totals = [line for line in asked if "改为各行相加的数" in line["处理办法"]]
        for line in [line for line in asked if line not in totals] + totals:
            try:
                self._mend(book, line)
            except (_CannotObey, StopIteration, KeyError) as error:
                self.could_not.append(f"{line}: {error!r}")
        book.save(saved)
        return ["｜".join(str(v) for v in line.values()) for line in asked]

    def _mend(self, book: Workbook, line: dict[str, str]) -> None:
        where, address = line["工作表"], line["单元格"]
        if where == UNREAD_SHEET:  # there the first column names the form
            where = str(book[where].cell(book[where][address].row, 1).value)
        sheet = next((s for s in form_sheets(book) if s.sheet.title == where), None)
        if sheet is None:
            if line["性质"] == SEVERITY["critical"]:
                raise _CannotObey("no sheet of a form is named")
            return
        is_told = (act for words, act in _ACTS if words in line["处理办法"])
        next(is_told, Clerk._compare)(self, sheet, address, line["问题"])

    def _fill_sheet(self, sheet: FormSheet, _address: str, _problem: str) -> None:
        for row in self._lines(sheet):
            self._fill_row(sheet, row)

    def _fill_missing_row(self, sheet: FormSheet, _address: str, problem: str) -> None:
        [row] = [r for r in sheet.lines if f"缺少{sheet.sheet.cell(r, 2).value}一行" in problem]
        self._fill_row(sheet, row)

    def _fill_this_row(self, sheet: FormSheet, address: str, _problem: str) -> None:
        self._fill_row(sheet, sheet.sheet[address].row)

    def _fill_merged(self, sheet: FormSheet, _address: str, problem: str) -> None:
        for row in sheet.sheet[_match(r"的 ([A-Z]+\d+:[A-Z]+\d+) 合并成一格", problem)]:
            for cell in row:
                self._look_up(sheet, cell.coordinate)

    def _compare(self, sheet: FormSheet, address: str, _problem: str) -> None:
        """The cell that is named, and those its comment names, are compared with the books."""
        if not address:
            raise _CannotObey("no cell is named")
        comment = sheet.sheet[address].comment
        named = re.findall(r"\b([A-Z]{1,2}\d+) ", _concerned(comment.text if comment else ""))
        for each in dict.fromkeys([address, *named]):
            self._look_up(sheet, each)

    def _leave(self, _sheet: FormSheet, _address: str, _problem: str) -> None:
        """It says that nothing is to be done."""

    def _lines(self, sheet: FormSheet) -> list[int]:
        """Lines of a form to be filled in; of a roster, as many as the books have."""
        if sheet.form.is_roster:
            return list(range(sheet.first, sheet.first + len(self.true[sheet.form.number].lines)))
        return sheet.lines

    def _true_line(self, sheet: FormSheet, line: int) -> int:
        """The line of the books of which a line speaks: of the same unit, of the same thing, else in its place."""
        true = self.true[sheet.form.number]
        key = sheet.name_column if sheet.form.is_roster else 1
        name = sheet.sheet.cell(line, key).value
        same = [n for n in true.lines if true.sheet.cell(n, key).value == name]
        if not same and not sheet.form.is_roster:
            raise _CannotObey(f"{name} is no unit of the books")
        return same[0] if same else true.first + line - sheet.first

    def _look_up(self, sheet: FormSheet, address: str) -> None:
        """Compare a cell with the books and write what they say."""
        cell = sheet.sheet[address]
        if cell.row <= sheet.head + 1 or cell.row < sheet.first:
            raise _CannotObey(f"{address} is no cell of a row")
        true = self.true[sheet.form.number]
        value = true.sheet.cell(self._true_line(sheet, cell.row), cell.column).value
        self._write(sheet, cell.row, cell.column, value)

    def _fill_row(self, sheet: FormSheet, line: int) -> None:
        for column in range(2 if sheet.form.is_roster else 3, sheet.sheet.max_column + 1):
            if not sheet.sheet.cell(line, column).protection.locked:
                true = self.true[sheet.form.number]
                self._write(sheet, line, column, true.sheet.cell(self._true_line(sheet, line), column).value)

    def _fill_column(self, sheet: FormSheet, _address: str, problem: str) -> None:
        labels = [f.label for f in sheet.fields() if f"“{f.label}" in problem]
        if not labels and "计量单位" in problem:
            labels = [f.label for f in sheet.fields(type="cny")]
        for label in labels:
            for line in self._lines(sheet):
                if not sheet.cell(line, label).protection.locked:
                    self._look_up(sheet, sheet.cell(line, label).coordinate)

    def _put_back(self, sheet: FormSheet, _address: str, _problem: str) -> None:
        """What the books list and the roster does not is filled in below its last row."""
        if not sheet.form.is_roster:  # of a unit that has no row filled in another line speaks
            return
        true, key = self.true[sheet.form.number], sheet.name_column
        listed = {sheet.sheet.cell(line, key).value for line in sheet.lines}
        for line in true.lines:
            if true.sheet.cell(line, key).value not in listed:
                below = max(sheet.lines, default=sheet.first - 1) + 1
                for column in range(2, true.sheet.max_column + 1):
                    self._write(sheet, below, column, true.sheet.cell(line, column).value)

    def _keep_one(self, sheet: FormSheet, address: str, _problem: str) -> None:
        """A row goes when another one still lists the same."""
        line = sheet.sheet[address].row
        columns = range(2, sheet.name_column + 1)
        rows = [[sheet.sheet.cell(n, c).value for c in columns] for n in sheet.lines if n != line]
        if [sheet.sheet.cell(line, c).value for c in columns] in rows:
            for column in range(2, sheet.sheet.max_column + 1):
                self._write(sheet, line, column, None)

    def _total(self, sheet: FormSheet, address: str, problem: str) -> None:
        """The rows agree with the books: the total becomes what they add up to."""
        said = _match(r"相加为(?:\D*?)([\d,.]+)", problem)
        cell = sheet.sheet[address]
        if "小计" in problem:
            self._write(sheet, cell.row, cell.column, float(said.replace(",", "")))
            return
        numbers = [sheet.sheet.cell(line, cell.column).value for line in sheet.lines]
        added = sum(n for n in numbers if isinstance(n, int | float))
        self._write(sheet, cell.row, cell.column, added)

    def _write(self, sheet: FormSheet, line: int, column: int, value: Any) -> None:
        cell = sheet.sheet.cell(line, column)
        if cell.value == value:
            return
        if cell.protection.locked:
            raise _CannotObey(f"{cell.coordinate} is locked")
        cell.value = value


class _CannotObey(Exception):
    """What a sentence asks cannot be done in this workbook."""


def _match(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise _CannotObey(f"it does not say {pattern}")
    return found[1]


def _concerned(comment: str) -> str:
    """The cells that a comment names beside its own."""
    found = re.search(r"有关单元格：(.*)", comment)
    return found[1] if found else ""


def _asked(book: Workbook) -> list[dict[str, str]]:
    """The lines of 说明."""
    sheet = book[ANSWER_SHEET]
    head = next(row for row in sheet.iter_rows() if any(c.value == ANSWER_BOX for c in row))
    names = [str(c.value) for c in head[:7]]
    return [
        {name: str(cell.value or "") for name, cell in zip(names, row, strict=True)}
        for row in sheet.iter_rows(min_row=head[0].row + 1, max_col=7)
        if row[1].value in SEVERITY.values()
    ]


_ACTS: tuple[tuple[str, Callable[[Clerk, FormSheet, str, str], None]], ...] = (
    ("已附上这张空表", Clerk._fill_sheet),
    ("有项目的请逐行填写", Clerk._fill_sheet),
    ("补上该单位一行", Clerk._fill_missing_row),
    ("请填到正确单位的行", Clerk._put_back),
    ("请核对该单位的数", Clerk._fill_this_row),
    ("核对本表的数", Clerk._fill_sheet),
    ("核对其中的数", Clerk._fill_sheet),
    ("填好后重新报送", Clerk._fill_column),
    ("填写这一列", Clerk._fill_column),
    ("改为元", Clerk._fill_column),
    ("直接报送更正表", Clerk._leave),
    ("请只留一行", Clerk._keep_one),
    ("改为各行相加的数", Clerk._total),
    ("各行各栏分别填写", Clerk._fill_merged),
)
"""What the clerk does when 处理办法 says such words; else the cell is compared with the books."""
