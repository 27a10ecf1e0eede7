"""A clerk cuts and pastes in LibreOffice: no formula breaks, and 审核 still says what the night says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from expectations.rulebook.rulebook import load_rules
from expectations.workbook.issued import Content, write_workbook
from tests.drawn_entries import COUNTY, YEAR, drawn, small_catalogue
from tests.integration.libreoffice import require_libreoffice, run_macro
from tests.integration.sheet_verdicts import (
    audit,
    disagreements,
    sheets_beside_forms,
    through_nianbao,
)

MOVED = (  # sheet, cells cut, where they are pasted: across, down, and over the first and last rows of the form
    ("年5表", "C12:E13", "G12"),
    ("年5表", "L10:L12", "L13"),
    ("年2表", "C10:C10", "D15"),
    ("年1表", "G9:I12", "G20"),
    ("年3-1表", "C10:D12", "C14"),
)
CUT_AND_PASTE = """
Sub Main
    Dim doc, sheet, controller, dispatcher, saved(0) As New com.sun.star.beans.PropertyValue
    doc = StarDesktop.loadComponentFromURL("{source}", "_blank", 0, Array())
    controller = doc.CurrentController
    dispatcher = createUnoService("com.sun.star.frame.DispatchHelper")
{steps}
    doc.calculateAll()
    saved(0).Name = "FilterName"
    saved(0).Value = "Calc MS Excel 2007 XML"
    doc.storeToURL("{target}", saved())
    doc.close(True)
    StarDesktop.terminate()
End Sub
"""
STEP = """
    sheet = doc.Sheets.getByName("{sheet}")
    controller.setActiveSheet(sheet)
    controller.select(sheet.getCellRangeByName("{cells}"))
    dispatcher.executeDispatch(controller.Frame, ".uno:Cut", "", 0, Array())
    controller.select(sheet.getCellRangeByName("{to}"))
    dispatcher.executeDispatch(controller.Frame, ".uno:Paste", "", 0, Array())
"""


@dataclass(frozen=True)
class Pasted:
    issued: Path
    saved: Path
    disagreements: list[str]
    broken: int


@pytest.fixture(scope="module")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> Pasted:
    require_libreoffice()
    folder = tmp_path_factory.mktemp("paste")
    catalogue = small_catalogue(folder / "catalogue")
    rulebook = load_rules(None, catalogue)
    issued, saved = folder / "issued.xlsx", folder / "saved.xlsx"
    write_workbook(issued, COUNTY, YEAR, catalogue, rulebook, Content(drawn(catalogue, COUNTY, 3)[-1]))
    names = openpyxl.load_workbook(issued, read_only=True).sheetnames
    steps = [
        STEP.format(sheet=next(n for n in names if n.startswith(f"{number} ")), cells=cells, to=to)
        for number, cells, to in MOVED
    ]
    run_macro(
        CUT_AND_PASTE.format(source=issued.as_uri(), target=saved.as_uri(), steps="".join(steps)), folder
    )
    [reading] = through_nianbao([saved], [COUNTY], YEAR, catalogue, rulebook)
    said = audit(sheets_beside_forms(saved))
    return Pasted(issued, saved, disagreements(said, reading, catalogue), int((said["failed"] > 0).sum()))


def _sheet(path: Path, number: str) -> Worksheet:
    book = openpyxl.load_workbook(path, data_only=True)
    return next(sheet for sheet in book.worksheets if sheet.title.startswith(f"{number} "))


def test_the_cells_were_moved(pasted: Pasted) -> None:
    for number, cells, to in MOVED:
        before, after = _sheet(pasted.issued, number), _sheet(pasted.saved, number)
        block = [[cell.value for cell in row] for row in before[cells]]
        start = after[to]
        found = [
            [after.cell(start.row + i, start.column + j).value for j in range(len(block[0]))]
            for i in range(len(block))
        ]
        assert str(found) == str(block), (number, cells)
        assert all(cell.value is None for row in after[cells] for cell in row), (number, cells)


def test_nothing_refers_to_what_is_gone(pasted: Pasted) -> None:
    with_values = openpyxl.load_workbook(pasted.saved, data_only=True)
    with_formulas = openpyxl.load_workbook(pasted.saved)
    for book in (with_values, with_formulas):
        for sheet in book.worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    text = str(getattr(cell.value, "text", cell.value))
                    assert "#REF!" not in text, (sheet.title, cell.coordinate)
    assert all("#REF!" not in str(name.attr_text) for name in with_formulas.defined_names.values())


def test_the_sheet_still_says_what_the_night_says(pasted: Pasted) -> None:
    assert pasted.broken > 10
    assert pasted.disagreements == []


def test_the_colours_still_look_at_their_own_columns(pasted: Pasted) -> None:
    def formulas(path: Path, number: str) -> set[str]:
        return {
            str(rule.formula[0]).replace(" ", "")
            for area in _sheet(path, number).conditional_formatting
            for rule in area.rules
            if rule.formula
        }

    for number in {number for number, _, _ in MOVED}:
        issued, saved = formulas(pasted.issued, number), formulas(pasted.saved, number)
        assert issued
        assert saved == issued, number
