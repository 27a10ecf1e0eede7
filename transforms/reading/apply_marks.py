"""Applies to a sheet's rows what their values do not show: error values, formats, strokes, merged cells."""

from __future__ import annotations

from transforms.reading.cell_texts import number_text
from transforms.reading.formats.book import Marks, Range, Row, SheetInfo
from transforms.reading.header import Header
from transforms.reading.plan import ROW_COLUMNS, FormPlan
from warehouse.catalogue.frames import ERROR_MARK
from warehouse.words.addresses import column_letter
from warehouse.words.folding import fold

Problem = dict[str, str | None]


def mark_unknown(
    rows: list[Row], header: Header, marks: Marks, info: SheetInfo, form: FormPlan, problems: list[Problem]
) -> None:
    """Mark error values and formulas without a value; one problem for each cell."""
    names = {index: name for name, index in header.columns.items()}
    for rule, found in (("read.error_cell", marks.errors), ("read.formula_without_value", marks.valueless)):
        for (row, column), text in sorted(found.items()):
            if row <= header.bottom or column not in names:
                continue
            put(rows, row, column, ERROR_MARK)
            name = names[column]
            is_field = name not in ROW_COLUMNS
            told = make_problem(rule, info, form, (row, column), value=text)
            problems.append({**told, "field": name if is_field else None})


def put(rows: list[Row], row: int, column: int, value: object) -> None:
    """Write a value into a cell, if the row has it."""
    if row < len(rows) and column < len(rows[row]):
        rows[row][column] = value


def print_formats(rows: list[Row], header: Header, marks: Marks, form: FormPlan) -> None:
    """Write what a number format prints around a number into the cell: 26.29 becomes 26.29万元.

    The field's own unit is left out.
    """
    names = {index: name for name, index in header.columns.items()}
    for (row, column), (before, behind) in marks.added.items():
        name = names.get(column, "")
        if row <= header.bottom or name not in form.numbers or row >= len(rows) or column >= len(rows[row]):
            continue
        value = rows[row][column]
        if isinstance(value, int | float) and (before or fold(behind) != form.units[name]):
            shown = value * 100 if "%" in behind else value
            rows[row][column] = f"{before}{number_text(shown)}{behind}"


def fill_merged(rows: list[Row], header: Header, merged: list[Range]) -> None:
    """Copy the text of an org unit cell that is merged over several rows into each of them."""
    columns = {header.columns[c] for c in ROW_COLUMNS if c in header.columns}
    for (top, left), (bottom, right) in merged:
        if top > header.bottom and bottom > top and left == right and left in columns:
            for row in range(top + 1, min(bottom + 1, len(rows))):
                rows[row][left] = rows[top][left]


def find_merged_values(
    rows: list[Row], header: Header, merged: list[Range], info: SheetInfo, form: FormPlan
) -> list[Problem]:
    """Problems of answers in cells that are merged over several rows, since nobody knows whose they are."""
    names = {index: name for name, index in header.columns.items() if name not in ROW_COLUMNS}
    problems = []
    for (top, left), (bottom, right) in sorted(merged):
        covered = [column for column in range(left, right + 1) if column in names]
        is_several = bottom > top or len(covered) > 1
        if top <= header.bottom or left not in names or not is_several or top >= len(rows):
            continue
        value = rows[top][left]
        if value in ("", ERROR_MARK):
            continue
        area = f"{column_letter(left)}{top + 1}:{column_letter(right)}{bottom + 1}"
        told = make_problem("read.merged_value", info, form, (top, left), number_text(value), area)
        problems.append({**told, "field": names[left]})
    return problems


def find_struck_cells(
    rows: list[Row], header: Header, marks: Marks, info: SheetInfo, form: FormPlan
) -> list[Problem]:
    """Problems of cells that are struck through, wholly or in part, one per row; their content is not read."""
    names = {index: name for name, index in header.columns.items()}
    by_row: dict[int, list[int]] = {}
    for row, column in sorted(marks.struck):
        is_there = header.bottom < row < len(rows) and column in names and column < len(rows[row])
        if is_there and rows[row][column] not in ("", ERROR_MARK):
            by_row.setdefault(row, []).append(column)
    problems = []
    for row, columns in by_row.items():
        first = next((c for c in columns if names[c] not in ROW_COLUMNS), columns[0])
        part = marks.struck[row, first]
        rest = f"本行共{len(columns)}处" if len(columns) > 1 else f"划去的是“{part}”" if part else ""
        told = make_problem("read.struck_cell", info, form, (row, first), number_text(rows[row][first]), rest)
        problems.append({**told, "field": names[first] if names[first] not in ROW_COLUMNS else None})
        for column in columns:
            if names[column] not in ROW_COLUMNS:
                rows[row][column] = ERROR_MARK
    return problems


def make_problem(
    rule: str,
    info: SheetInfo,
    form: FormPlan | None = None,
    position: tuple[int, int] | None = None,
    value: str | None = None,
    detail: str = "",
) -> Problem:
    """A problem of a sheet; ``position``: 0-based row and column."""
    return {
        "form": form.id if form else None,
        "rule": rule,
        "sheet": info.name,
        "cell": f"{column_letter(position[1])}{position[0] + 1}" if position else None,
        "value": value,
        "detail": detail,
    }
