"""Reads one workbook, as it stands, into texts at their true places: called in a child process, one file a call.

Light imports only: polars, calamine, the standard library. Nothing is judged or changed here: texts stay as the
clerk wrote them. Only what could pass for something else is marked: error values, formulas without a value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import polars as pl

from transforms.formats import open_book
from transforms.formats_book import Book, Marks, Refusal, Row, SheetInfo
from transforms.reading_answers import Answer, read_answers
from transforms.reading_header import Header, find_header
from transforms.reading_plan import ROW_COLUMNS, FormPlan, ReadPlan, reading_plan
from transforms.reading_sheets import head_of_form, read_cover, sheet_kind
from transforms.wording import column_letter
from warehouse.catalogue.frames import ERROR_MARK

__all__ = ["FileRead", "ReadPlan", "SheetRead", "read_file", "reading_plan"]

_UNRECOGNISED_ROWS = 3
_FEW_ROWS = 100
Problem = dict[str, str | None]


@dataclass(slots=True)
class SheetRead:
    """One sheet that is a form.

    ``rows``: ``row`` (UInt32, 1-based in the file), ``is_hidden``, ``lead`` (text of the first column where that is
    neither field nor org unit: 合计 often stands under 序号) and one String column per recognised column
    (org_code, org_name, parent_name, fields): '' is blank, numbers as Python writes them, dates as ISO.
    """

    form: str
    sheet: str
    is_hidden: bool
    columns: dict[str, str]  # column -> letter
    units: dict[str, str]  # column -> unit stated in its header, folded
    rows: pl.DataFrame


@dataclass(slots=True)
class FileRead:
    """What a file holds. ``status`` is 'read' or the rule id of a refusal; cells of problems are A1 addresses.

    ``problems`` have the keys form, rule, sheet, cell, field, value, detail of PROBLEM, ``answers`` those of ANSWER
    without submission.
    """

    status: str
    kind: str = ""  # xlsx, xlsm, xls, xlsb, ods, csv, zip
    detail: str = ""  # of a refusal, in Chinese for the clerk
    cause: str = ""  # of a refusal, for the log
    cover: dict[str, str] = field(default_factory=dict)  # unit_name, unit_code, year ... -> text
    sheets: list[SheetRead] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    answered: str = ""  # the submission that a correction workbook answers


def read_file(path: str, args: tuple[ReadPlan, str]) -> FileRead:
    """Read the file at ``path``; ``args`` are the plan and the name it was received under."""
    plan, file_name = args
    try:
        return _read_book(open_book(Path(path).read_bytes(), file_name), plan)
    except Refusal as refusal:
        return FileRead(refusal.rule, detail=refusal.detail, cause=refusal.cause)


def _read_book(book: Book, plan: ReadPlan) -> FileRead:
    read = FileRead("read", book.kind)
    heads: list[dict[str, str]] = []
    seen: dict[str, str] = {}
    for info in book.sheets:
        rows = book.rows(info.name)
        kind, form = sheet_kind(info.name, rows, plan)
        header = find_header(rows, form, plan) if form else None
        if form is None or header is None:
            if kind == "cover":
                read.cover = {**read_cover(rows, plan), **read.cover}
            elif kind == "other":
                answered, answers = read_answers(info.name, rows)
                read.answered = read.answered or answered
                read.answers += answers
            elif sum(1 for row in rows if row.count("") < len(row)) > _UNRECOGNISED_ROWS:
                detail = "未找到表头" if form else ""
                read.problems.append(_problem("read.unrecognised_sheet", info, form, detail=detail))
        elif form.id in seen:
            read.problems.append(_problem("read.duplicate_sheet", info, form, detail=seen[form.id]))
        else:
            seen[form.id] = info.name
            heads.append(head_of_form(rows, form, plan))
            read.sheets.append(_read_sheet(book, info, rows, form, header, read.problems))
    for head in heads:
        read.cover = {**head, **read.cover}
    return read


def _read_sheet(
    book: Book, info: SheetInfo, rows: list[Row], form: FormPlan, header: Header, problems: list[Problem]
) -> SheetRead:
    if info.is_hidden:
        problems.append(_problem("read.hidden_sheet", info, form))
    for unclear, detail in ((header.unknown, ""), (header.doubled, "与前面的栏目重复")):
        problems += [
            _problem("read.unknown_column", info, form, (row, column), text, detail)
            for row, column, text in unclear
        ]
    marks = book.marks(info.name)
    _mark(rows, header, marks, info, form, problems)
    _fill_merged(rows, header, book, info.name)
    width = len(rows[0]) if rows else 0
    places = [r for r in range(header.bottom + 1, len(rows)) if rows[r].count("") < width]
    if marks.hidden_rows and (hidden := [r + 1 for r in places if r in marks.hidden_rows]):
        few = "、".join(map(str, hidden[:10])) + ("等" if len(hidden) > 10 else "")
        problems.append(_problem("read.hidden_rows", info, form, value=str(len(hidden)), detail=f"第{few}行"))
    return SheetRead(
        form=form.id,
        sheet=info.name,
        is_hidden=info.is_hidden,
        columns={name: column_letter(index) for name, index in header.columns.items()},
        units=header.units,
        rows=_frame(rows, places, header, marks),
    )


def _frame(rows: list[Row], places: list[int], header: Header, marks: Marks) -> pl.DataFrame:
    wanted = dict(header.columns)
    if 0 not in wanted.values():
        wanted["lead"] = 0
    schema = {"row": pl.UInt32, "is_hidden": pl.Boolean, **dict.fromkeys(wanted, pl.String)}
    pick = itemgetter(*wanted.values()) if len(wanted) > 1 else lambda row: (row[0],)
    return _texts([(r + 1, r in marks.hidden_rows, *pick(rows[r])) for r in places], schema)


def _texts(rows: list[tuple[object, ...]], schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """Cells as texts: '' blank, numbers as Python writes them, dates ISO, booleans true/false."""
    if len(rows) < _FEW_ROWS:  # by rows costs less for each frame, by columns less for each cell
        try:
            return pl.DataFrame(rows, schema=schema, orient="row", strict=False)
        except pl.exceptions.ComputeError:  # dates among texts: only by columns
            pass
    columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([pl.Series(name, values, kind, strict=False) for (name, kind), values in columns])


def _mark(
    rows: list[Row], header: Header, marks: Marks, info: SheetInfo, form: FormPlan, problems: list[Problem]
) -> None:
    names = {index: name for name, index in header.columns.items()}
    for rule, found in (("read.error_cell", marks.errors), ("read.formula_without_value", marks.valueless)):
        for (row, column), text in sorted(found.items()):
            if row <= header.bottom or column not in names:
                continue
            if row < len(rows) and column < len(rows[row]):
                rows[row][column] = ERROR_MARK
            name = names[column]
            is_field = name not in ROW_COLUMNS
            problem = _problem(rule, info, form, (row, column), value=text)
            problems.append({**problem, "field": name if is_field else None})


def _fill_merged(rows: list[Row], header: Header, book: Book, name: str) -> None:
    """Give every row of a vertically merged org unit cell its text: 所属乡镇 merged over its rows."""
    columns = {header.columns[c] for c in ROW_COLUMNS if c in header.columns}
    for (top, left), (bottom, right) in book.merged(name):
        if top > header.bottom and bottom > top and left == right and left in columns:
            for row in range(top + 1, min(bottom + 1, len(rows))):
                rows[row][left] = rows[top][left]


def _problem(
    rule: str,
    info: SheetInfo,
    form: FormPlan | None = None,
    place: tuple[int, int] | None = None,
    value: str | None = None,
    detail: str = "",
) -> Problem:
    return {
        "form": form.id if form else None,
        "rule": rule,
        "sheet": info.name,
        "cell": f"{column_letter(place[1])}{place[0] + 1}" if place else None,
        "value": value,
        "detail": detail,
    }
