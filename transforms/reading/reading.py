"""Reads one workbook into texts at their true addresses; called in a child process, one file a call.

Imports only polars, calamine and the standard library. Texts stay as the clerk wrote them, but for numbers of persons, which
are masked; only what could be mistaken for a value is marked: error values, formulas without a value.
"""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path

import polars as pl

from transforms.disclosure.masked_reading import mask_reading
from transforms.reading.apply_marks import (
    Problem,
    fill_merged,
    find_merged_values,
    find_struck_cells,
    make_problem,
    mark_unknown,
    print_formats,
    put,
)
from transforms.reading.bounds import OTHER_ROWS, cut_excess_rows
from transforms.reading.cell_texts import build_frame
from transforms.reading.explanation_boxes import read_answers
from transforms.reading.file_read import FileRead, SheetRead
from transforms.reading.formats.book import Book, Marks, Refusal, Row, SheetInfo
from transforms.reading.formats.formats import open_book
from transforms.reading.header import Header, find_header
from transforms.reading.notices import find_heading_problems, report_ignored_content
from transforms.reading.plan import FormPlan, ReadPlan, keep_plan, make_reading_plan
from transforms.reading.rest import list_rest
from transforms.reading.sheets import classify_sheet, read_cover, read_form_head, read_signatures
from transforms.reading.table_rows import list_table_rows
from warehouse.words.addresses import column_letter

__all__ = ["make_reading_plan", "read_file"]

_UNRECOGNISED_ROWS = 3


def read_file(path: str, args: tuple[ReadPlan, str]) -> FileRead:
    """Read the file at ``path``; ``args``: the plan and the name under which the file was received."""
    plan, file_name = keep_plan(args[0]), args[1]
    try:
        read = _read_book(open_book(Path(path).read_bytes(), file_name), plan)
    except Refusal as refusal:
        read = FileRead(
            refusal.rule, detail=refusal.detail, cause=refusal.cause, members=list(refusal.members)
        )
    return mask_reading(read)


def _read_book(book: Book, plan: ReadPlan) -> FileRead:
    read = FileRead("read", book.kind)
    seen: dict[str, str] = {}
    for info in book.sheets:
        rows = book.rows(info.name)
        kind, form = classify_sheet(info.name, rows, plan)
        marks = book.marks(info.name) if form else Marks()
        for (row, column), text in marks.seen.items():
            put(rows, row, column, text)
        header = find_header(rows, form, plan) if form else None
        if form is None or header is None:
            if kind == "cover":
                read.cover = {**read_cover(rows, plan), **read.cover}
                read.rest += read_signatures(rows, info, plan)
            elif kind == "other":
                answered, answers, unread = read_answers(info, rows[:OTHER_ROWS], plan)
                read.problems += unread
                read.answered = read.answered or answered
                read.answers += answers
            elif sum(1 for row in rows if row.count("") < len(row)) > _UNRECOGNISED_ROWS:
                detail = "未找到表头" if form else ""
                read.problems.append(make_problem("read.unrecognised_sheet", info, form, detail=detail))
        elif form.id in seen:
            read.problems.append(make_problem("read.duplicate_sheet", info, form, detail=seen[form.id]))
        else:
            seen[form.id] = info.name
            read.problems += cut_excess_rows(rows, marks, header, plan.most_rows, info, form)
            sheet, table_rows = _read_sheet(book, info, rows, form, header, marks, read.problems)
            read.rest += list_rest(rows, table_rows, header, info, form)
            sheet.head = read_form_head(rows[: header.top], form, plan)
            read.sheets.append(sheet)
    for sheet in read.sheets:
        read.cover = {**{k: v for k, v in sheet.head.items() if k != "number"}, **read.cover}
    if read.answered:  # its comments are the office's own
        read.problems = [p for p in read.problems if p["rule"] != "read.not_taken_over"]
    return read


def _read_sheet(
    book: Book,
    info: SheetInfo,
    rows: list[Row],
    form: FormPlan,
    header: Header,
    marks: Marks,
    problems: list[Problem],
) -> tuple[SheetRead, list[int]]:
    """The sheet, and the 0-based rows of its table."""
    if info.is_hidden:
        problems.append(make_problem("read.hidden_sheet", info, form))
    problems += find_heading_problems(header, info, form)
    mark_unknown(rows, header, marks, info, form, problems)
    print_formats(rows, header, marks, form)
    merged = book.merged_ranges(info.name)
    fill_merged(rows, header, merged)
    problems += find_merged_values(rows, header, merged, info, form)
    problems += find_struck_cells(rows, header, marks, info, form)
    table_rows = list_table_rows(rows, header)
    problems += report_ignored_content(rows, table_rows, header, marks, info, form)
    if marks.hidden_rows and (hidden := [r + 1 for r in table_rows if r in marks.hidden_rows]):
        few = "、".join(map(str, hidden[:10])) + ("等" if len(hidden) > 10 else "")
        problems.append(
            make_problem("read.hidden_rows", info, form, value=str(len(hidden)), detail=f"第{few}行")
        )
    sheet = SheetRead(
        form=form.id,
        sheet=info.name,
        is_hidden=info.is_hidden,
        columns={name: column_letter(index) for name, index in header.columns.items()},
        units=header.stated.units,
        rows=_frame(rows, table_rows, header, marks, form),
    )
    return sheet, table_rows


def _frame(
    rows: list[Row], table_rows: list[int], header: Header, marks: Marks, form: FormPlan
) -> pl.DataFrame:
    wanted = dict(header.columns)
    if 0 not in wanted.values():
        wanted["lead"] = 0
    schema = {"row": pl.UInt32, "is_hidden": pl.Boolean, **dict.fromkeys(wanted, pl.String)}
    pick = itemgetter(*wanted.values()) if len(wanted) > 1 else lambda row: (row[0],)
    return build_frame([(r + 1, r in marks.hidden_rows, *pick(rows[r])) for r in table_rows], schema, form)
