"""Mistakes that clerks make in an issued workbook, one function each; a draw says which of them, and where.

Each takes the opened workbook and a generator of random numbers, and leaves the rest of the workbook alone.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from random import Random
from typing import Any

from openpyxl.styles import Font
from openpyxl.workbook import Workbook

from tests.form_sheets import FormSheet, delete_sheet, form_sheets
from warehouse.catalogue.models import Field

Mistake = Callable[[Workbook, Random], None]


def _sheet(book: Workbook, random: Random, is_roster: bool | None = None, **has: Any) -> FormSheet:
    """A form's sheet by the luck of the draw, of those that have such a field."""
    fitting = [
        sheet
        for sheet in form_sheets(book)
        if is_roster in (None, sheet.form.is_roster) and list(sheet.fields(**has)) and len(sheet.lines) > 2
    ]
    return random.choice(fitting)


def _cell(book: Workbook, random: Random, is_roster: bool | None = None, **has: Any) -> tuple[Any, Field]:
    sheet = _sheet(book, random, is_roster, **has)
    cells = [(sheet.cell(line, f.label), f) for f in sheet.fields(**has) for line in sheet.lines]
    return random.choice([(cell, field) for cell, field in cells if cell.value not in (None, "—")])


def _write(value: object, **has: Any) -> Mistake:
    def mistake(book: Workbook, random: Random) -> None:
        cell, _ = _cell(book, random, **has)
        cell.value = value

    return mistake


def _changed(change: Callable[[float, Field], float]) -> Mistake:
    def mistake(book: Workbook, random: Random) -> None:
        cell, field = _cell(book, random, type="count")
        cell.value = change(cell.value, field)

    return mistake


def _formatted(value: float, number_format: str, **has: Any) -> Mistake:
    def mistake(book: Workbook, random: Random) -> None:
        cell, _ = _cell(book, random, **has)
        cell.value, cell.number_format = value, number_format

    return mistake


def wrong_total(book: Workbook, random: Random) -> None:
    """A 合计 that is typed, and is not the sum."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    field = random.choice(list(sheet.fields(type="count")))
    sheet.sheet.cell(sheet.total, sheet.column(field.label)).value = 7


def wrong_subtotal(book: Workbook, random: Random) -> None:
    """A 小计 in a line below the rows that is not the sum."""
    sheet = next(s for s in form_sheets(book) if s.form.number == "年1表")
    line = sheet.total + 1
    town = next(c for c in sheet.lines if len(str(sheet.sheet.cell(c, 1).value)) == 9)
    for merged in list(sheet.sheet.merged_cells.ranges):
        if merged.min_row >= line:
            sheet.sheet.unmerge_cells(str(merged))
    sheet.sheet.cell(line, 1).value = f"{sheet.sheet.cell(town, 2).value}小计"
    sheet.sheet.cell(line, sheet.column("个人会员数")).value = 7
    del random


def unknown_unit(book: Workbook, random: Random) -> None:
    """A unit's row under a name and code that the register does not have."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    line = random.choice(sheet.lines)
    sheet.sheet.cell(line, 1).value = str(sheet.sheet.cell(line, 1).value)[:-2] + "98"
    sheet.sheet.cell(line, 2).value = "新设幸福单位"


def renamed_unit(book: Workbook, random: Random) -> None:
    """A unit whose name is another than its code says."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    sheet.sheet.cell(random.choice(sheet.lines), 2).value = "城南幸福村"


def exchanged_names(book: Workbook, random: Random) -> None:
    """A unit under the name of another."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    one, other = random.sample(sheet.lines, 2)
    sheet.sheet.cell(one, 2).value = sheet.sheet.cell(other, 2).value


def repeated_unit(book: Workbook, random: Random) -> None:
    """A row that stands twice, over another one."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    one, other = random.sample(sheet.lines, 2)
    for column in range(1, sheet.sheet.max_column + 1):
        sheet.sheet.cell(other, column).value = sheet.sheet.cell(one, column).value


def added_unit(book: Workbook, random: Random) -> None:
    """A row for a unit of one's own, in the thin line below the rows."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    line, above = sheet.lines[-1] + 1, sheet.lines[-1]
    for column in range(1, sheet.sheet.max_column + 1):
        sheet.sheet.cell(line, column).value = sheet.sheet.cell(above, column).value
    sheet.sheet.cell(line, 1).value, sheet.sheet.cell(line, 2).value = None, "新设立的村委会"


def foreign_unit(book: Workbook, random: Random) -> None:
    """A row of a unit of another county."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    line = sheet.lines[-1] + 1
    for column in range(1, sheet.sheet.max_column + 1):
        sheet.sheet.cell(line, column).value = sheet.sheet.cell(sheet.lines[-1], column).value
    own = str(sheet.sheet.cell(sheet.lines[0], 1).value)[:6]
    sheet.sheet.cell(line, 1).value = "371602" if own != "371602" else "371603"
    sheet.sheet.cell(line, 2).value = "滨城区" if own != "371602" else "沾化区"


def cleared_unit(book: Workbook, random: Random) -> None:
    """A unit's row that was deleted."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    line = random.choice(sheet.lines)
    for column in range(1, sheet.sheet.max_column + 1):
        sheet.sheet.cell(line, column).value = None


def swapped_cells(book: Workbook, random: Random) -> None:
    """Two numbers of a row for each other."""
    sheet = next(s for s in form_sheets(book) if s.form.number == "年2表")
    line = random.choice(sheet.lines)
    one, other = (sheet.cell(line, label) for label in ("常住人口数", "家庭户数"))
    one.value, other.value = other.value, one.value


def missing_sheet(book: Workbook, random: Random) -> None:
    """A form that is not there."""
    delete_sheet(book, _sheet(book, random))


def copied_sheet(book: Workbook, random: Random) -> None:
    """A form that is there twice."""
    copy_of = book.copy_worksheet(_sheet(book, random).sheet)
    copy_of.title = f"{copy_of.title[:20]} (2)"


def hidden_sheet(book: Workbook, random: Random) -> None:
    """A hidden form with a hidden row."""
    sheet = _sheet(book, random)
    sheet.sheet.sheet_state = "hidden"
    sheet.sheet.row_dimensions[sheet.lines[0]].hidden = True


def own_column(book: Workbook, random: Random) -> None:
    """A column of one's own, with numbers."""
    sheet = _sheet(book, random)
    column = sheet.sheet.max_column + 1
    sheet.sheet.cell(sheet.head, column).value = "流动人口服务数"
    for line in sheet.lines:
        sheet.sheet.cell(line, column).value = 5


def _headed(heading: str, **has: Any) -> Mistake:
    """A heading that says more, or something else."""

    def mistake(book: Workbook, random: Random) -> None:
        sheet = _sheet(book, random, **has)
        field = random.choice(list(sheet.fields(**has)))
        sheet.sheet.cell(sheet.head, sheet.column(field.label)).value = heading.format(field.label)

    return mistake


def other_head(book: Workbook, random: Random) -> None:
    """The head of a form says another unit than the cover."""
    sheet = _sheet(book, random)
    cell = next(
        c for row in sheet.sheet.iter_rows(max_row=12) for c in row if str(c.value).startswith("填报单位：")
    )
    cell.value = "填报单位：惠民县" if "惠民" not in str(cell.value) else "填报单位：阳信县"


def unclear_unit(book: Workbook, random: Random) -> None:
    """A line on units of measurement that names several."""
    for row in _sheet(book, random, type="cny").sheet.iter_rows(max_row=12):
        for cell in row:
            if str(cell.value).startswith("计量单位"):
                cell.value = "计量单位：万元、人、元"


def merged_numbers(book: Workbook, random: Random) -> None:
    """One number over two rows."""
    sheet = _sheet(book, random, is_roster=False, type="count")
    field = random.choice(list(sheet.fields(type="count")))
    line, letter = sheet.lines[0], sheet.cell(sheet.lines[0], field.label).column_letter
    sheet.sheet.merge_cells(f"{letter}{line}:{letter}{line + 1}")


def struck_number(book: Workbook, random: Random) -> None:
    """A number that is struck through."""
    cell, _ = _cell(book, random, type="count")
    font = copy(cell.font)
    cell.font = Font(name=font.name, size=font.size, strike=True)


def repeated_item(book: Workbook, random: Random) -> None:
    """A thing that a roster lists twice."""
    sheet = _sheet(book, random, is_roster=True)
    source, line = sheet.lines[0], sheet.lines[-1] + 1
    for column in range(2, sheet.sheet.max_column + 1):
        sheet.sheet.cell(line, column).value = sheet.sheet.cell(source, column).value


def added_item(book: Workbook, random: Random) -> None:
    """A thing of its own at the end of a roster, under a township that is not on the list."""
    sheet = random.choice([s for s in form_sheets(book) if s.form.number in ("年3-1表", "年7-1表")])
    source, line = sheet.lines[0], sheet.lines[-1] + 1
    for column in range(2, sheet.sheet.max_column + 1):
        sheet.sheet.cell(line, column).value = sheet.sheet.cell(source, column).value
    sheet.sheet.cell(line, 2).value = "幸福新镇"
    sheet.sheet.cell(line, 3).value = "新建的一处"


def lost_township(book: Workbook, random: Random) -> None:
    """A thing under a township that is not on the list."""
    sheet = random.choice([s for s in form_sheets(book) if s.form.number in ("年3-1表", "年7-1表")])
    sheet.sheet.cell(random.choice(sheet.lines), 2).value = "幸福新镇"


def cleared_roster(book: Workbook, random: Random) -> None:
    """A roster without a row and without 无."""
    sheet = _sheet(book, random, is_roster=True)
    for line in sheet.lines:
        for column in range(2, sheet.sheet.max_column + 1):
            sheet.sheet.cell(line, column).value = None


MISTAKES: dict[str, Mistake] = {
    "text in a number cell": _write("约三百", type="count"),
    "number with words": _write("12人左右", type="count"),
    "two numbers": _write("3+2", is_roster=False, type="count"),
    "text in an amount": _write("一万多", type="cny"),
    "text in a year": _write("去年", type="year"),
    "blank key": _write(None, required=True, type="boolean"),
    "blank code": _write(None, type="code"),
    "blank number": _write(None, type="count"),
    "wrong option": _write("乡级示范", type="code"),
    "wrong answer": _write("基本成立", type="boolean"),
    "text for a date": _write("去年五月", type="date"),
    "impossible date": _write("2024-02-30", type="date"),
    "date of 1905": _formatted(2023.1, "yyyy-mm-dd", type="date"),
    "number as a date": _formatted(25, "yyyy-mm-dd", is_roster=False, type="count"),
    "formula error": _write("=1/0", type="count"),
    "formula error in a name": _write('=VLOOKUP("甲",A1:B2,2,0)', is_roster=True, type="code"),
    "too many": _changed(lambda value, field: 2 * (field.high or 1e6) + value),
    "negative": _changed(lambda value, _: -value - 1),
    "half a person": _changed(lambda value, _: value + 0.5),
    "wrong total": wrong_total,
    "wrong subtotal": wrong_subtotal,
    "unknown unit": unknown_unit,
    "renamed unit": renamed_unit,
    "exchanged names": exchanged_names,
    "repeated unit": repeated_unit,
    "added unit": added_unit,
    "foreign unit": foreign_unit,
    "cleared unit": cleared_unit,
    "swapped cells": swapped_cells,
    "missing sheet": missing_sheet,
    "copied sheet": copied_sheet,
    "hidden sheet": hidden_sheet,
    "own column": own_column,
    "renamed column": _headed("其他数字", type="count"),
    "cumulative column": _headed("{}（累计）", type="count"),
    "other unit of measurement": _headed("{}（千人）", type="count"),
    "other head": other_head,
    "unclear unit of measurement": unclear_unit,
    "merged numbers": merged_numbers,
    "struck number": struck_number,
    "repeated item": repeated_item,
    "added item": added_item,
    "lost township": lost_township,
    "cleared roster": cleared_roster,
}


LEAVE_NOTHING_TO_CORRECT = (
    "copied sheet",
    "own column",
    "cumulative column",
    "other head",
    "unclear unit of measurement",
    "added unit",
    "foreign unit",
)
"""Mistakes of a kind that the correction workbook, laid out anew, shows no more: it goes back as it is."""


def dealt(hands: int, seed: int) -> list[list[str]]:
    """Names of mistakes for each of so many workbooks: every mistake once, dealt out by chance."""
    names = list(MISTAKES)
    Random(seed).shuffle(names)
    return [names[number::hands] for number in range(hands)]
