"""An issued workbook in a clerk's hands: open it, change a cell, a row or the cover, save it under another name."""

from __future__ import annotations

from pathlib import Path

import openpyxl
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

COVER = "封面"


class ClerkWorkbook:
    """A filled-in workbook, opened with its values (formulas become what they showed)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path, data_only=True)

    def sheet(self, number: str) -> Worksheet:
        """The sheet of a form by its number (年1表)."""
        [found] = [sheet for sheet in self.book.worksheets if sheet.title.split()[0] == number]
        return found

    def cell(self, number: str, label: str, org: str | None = None, line: int = 1) -> Cell:
        """The cell of a column in the row of an org unit, or in the nth row below the header."""
        sheet = self.sheet(number)
        header = next(
            c for row in sheet.iter_rows(max_row=12) for c in row if isinstance(c, Cell) and c.value == label
        )
        if org is None:
            row = header.row + line
        else:
            row = next(r for r in range(header.row + 1, sheet.max_row + 1) if sheet.cell(r, 1).value == org)
        found = sheet.cell(row, header.column)
        assert isinstance(found, Cell)
        return found

    def enter(self, number: str, label: str, org: str, value: float) -> None:
        """Change a number; the total row follows, as its formula would."""
        cell, total = self.cell(number, label, org), self.cell(number, label, "合计")
        assert isinstance(cell.value, int | float)
        assert isinstance(total.value, int | float)
        total.value += value - cell.value
        cell.value = value

    def villages(self) -> list[str]:
        """Codes of the villages listed in 年1表, in order."""
        codes = [str(row[0].value or "") for row in self.sheet("年1表").iter_rows(max_col=1)]
        return [code for code in codes if len(code) == 12 and code.isdigit()]

    def on_cover(self, label: str, value: object) -> None:
        """Write what stands beside a label of the cover."""
        sheet = self.book[COVER]
        beside = next(c for row in sheet.iter_rows() for c in row if c.value == label)
        sheet.cell(beside.row, beside.column + 1).value = value  # type: ignore[assignment]

    def save(self, path: Path) -> Path:
        """Save under another name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.book.save(path)
        return path
