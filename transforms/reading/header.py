"""Finds a form's header in a sheet by its texts, and the field of each column.

A header is one to three lines high: group line, label line, line of 本年/上年 or units; a line of column numbers
(甲 乙 1 2 3) may follow. Columns may be in any order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from transforms.reading.formats.book import Row
from transforms.reading.headings import Columns, Texts, interpret_heading, read_heading_row
from transforms.reading.plan import ROW_COLUMNS, FormPlan, ReadPlan
from transforms.reading.stated_units import (
    StatedUnits,
    is_unit_text,
    parse_unit_words,
    take_sheet_units,
    take_unit,
)
from warehouse.words.folding import drop_brackets, fold

_HEAD_ROWS = 25
_LABEL_ROWS = 6  # how far below the first two labels the header may end
_LAST_YEAR = ("上年", "去年", "上期", "上一年")
_THIS_YEAR = frozenset({"本年", "本年数", "本期", "本期数", "本年度", "今年", "本年实际"})
_COLUMN_NUMBER = re.compile(r"[甲乙丙丁戊己庚辛壬癸]|\(?\d{1,3}\)?(?:\.0)?|[①-⑳]|[-/]")
_LAST_YEAR_END = re.compile(r"(?:\(上年数?\)|上年数?)$")
_FOOT_ROWS = 40
_FOOT_COLUMNS = 4  # how far to the right a note below the table may begin


@dataclass(slots=True)
class Header:
    """The columns of a form in a sheet. Rows and columns are 0-based; ``bottom`` is the last header row."""

    top: int
    bottom: int
    columns: dict[str, int] = field(default_factory=dict)  # column (field or ROW_COLUMNS) -> index
    stated: StatedUnits = field(default_factory=StatedUnits)  # what the sheet says of units
    unknown: list[tuple[int, int, str]] = field(default_factory=list)  # row, column, text
    doubled: list[tuple[int, int, str]] = field(default_factory=list)
    remarks: list[tuple[int, int, str, str]] = field(default_factory=list)  # and the bracket that says more
    ignored: list[tuple[int, str]] = field(default_factory=list)  # column, text: remarks, serial numbers
    last_year: list[int] = field(default_factory=list)  # columns that show last year's numbers


def find_header(rows: list[Row], form: FormPlan, plan: ReadPlan) -> Header | None:
    """The header of ``form`` in the first rows of a sheet; None when fewer than two of its labels stand in a row."""
    head, found = _fold_head(rows, form, plan)
    hits = [len(set(columns.values())) for columns in found]
    best = max(range(len(head)), key=lambda r: (hits[r], -r), default=-1)
    if best < 0 or hits[best] < 2:
        return None
    top = bottom = best
    while top > 0 and top > best - 3 and _continues_up(head[top - 1], found[top - 1], head[best], form):
        top -= 1
    stubs = [c for c, column in found[best].items() if column in ROW_COLUMNS]
    while (below := _find_next_filled(head, bottom)) is not None and (
        _continues_down(head[below], found[below], plan) or _is_detail_line(head[below], stubs, form, plan)
    ):
        bottom = below
    header = Header(top, bottom)
    for column in range(len(head[best])):
        _take_column(header, head, column, rows, form, plan)
    take_sheet_units(header.stated, _list_lines(rows, head, header, form), list(header.columns), form, plan)
    if below is not None and _is_number_line(head[below]):
        header.bottom = below
    return header


def _fold_head(rows: list[Row], form: FormPlan, plan: ReadPlan) -> tuple[list[Texts], list[Columns]]:
    """The first rows folded, and the columns that each row's texts name; ends soon after the first labels."""
    head: list[Texts] = []
    found: list[Columns] = []
    end = _HEAD_ROWS
    for row in rows[:_HEAD_ROWS]:
        if len(head) >= end:
            break
        texts, columns = read_heading_row(row, form, plan)
        head.append(texts)
        found.append(columns)
        if end == _HEAD_ROWS and len(found[-1]) > 1:
            end = len(head) + _LABEL_ROWS
    return head, found


def _list_lines(
    rows: list[Row], head: list[Texts], header: Header, form: FormPlan
) -> list[tuple[int, int, str]]:
    """Texts above the table, and below it those about units: row, column, folded text."""
    lines = []
    for r, texts in enumerate(head[: header.top]):
        for c, text in enumerate(texts):
            # 计量单位： in one cell, 万元 in the next
            beside = next((t for t in texts[c + 1 :] if t), "") if text.endswith("单位:") else ""
            if text:
                lines.append((r, c, text + beside))
    for r in range(header.top, header.bottom + 1):
        groups = ((c, text) for c, text in enumerate(head[r]) if "(" in text)
        lines += [(r, c, text) for c, text in groups if drop_brackets(text) in form.groups]
    for r in range(max(header.bottom + 1, len(rows) - _FOOT_ROWS), len(rows)):
        for c, cell in enumerate(rows[r][:_FOOT_COLUMNS]):
            if isinstance(cell, str) and "单位" in cell:
                lines.append((r, c, fold(cell)))
    return lines


def _find_next_filled(head: list[Texts], row: int) -> int | None:
    """The next row with any text; labels merged downwards leave blank rows behind them."""
    return next((r for r in range(row + 1, len(head)) if any(head[r])), None)


def _continues_up(row: Texts, found: Columns, best: Texts, form: FormPlan) -> bool:
    return any(not best[c] for c in found) or any(drop_brackets(text) in form.groups for text in row if text)


def _continues_down(row: Texts, found: Columns, plan: ReadPlan) -> bool:
    filled = [text for text in row if text]
    if not filled:
        return False
    if all(_is_sub_label(text, plan) for text in filled):
        return True
    return len(found) * 2 > len(filled) and len(found) > 1


def _is_detail_line(row: Texts, stubs: list[int], form: FormPlan, plan: ReadPlan) -> bool:
    """Texts below labels that are merged over several columns: in a form of units no row of data has only those."""
    filled = [text for text in row if text]
    return (
        not form.is_roster
        and bool(stubs)
        and not any(row[c] for c in stubs)
        and len(filled) > 1
        and not any(text[0].isdigit() or text.startswith(plan.note_prefixes) for text in filled)
        and not any(_COLUMN_NUMBER.fullmatch(text) for text in filled)
    )


def _is_sub_label(text: str, plan: ReadPlan) -> bool:
    bare = text.strip("()")
    return bare in _THIS_YEAR or bare.startswith(_LAST_YEAR) or is_unit_text(text, plan)


def _is_number_line(row: Texts) -> bool:
    filled = [text for text in row if text]
    if not filled or not all(_COLUMN_NUMBER.fullmatch(text) for text in filled):
        return False
    numbers = [
        int(text.strip("()").removesuffix(".0")) for text in filled if text[0].isdigit() or text[0] == "("
    ]
    is_counting = len(numbers) >= 2 and numbers[0] <= 2 and all(b > a for a, b in pairwise(numbers))
    return is_counting or (any(text in "甲乙丙丁" for text in filled) and len(filled) > 1)


def _take_column(
    header: Header, head: list[Texts], column: int, rows: list[Row], form: FormPlan, plan: ReadPlan
) -> None:
    texts = [(r, head[r][column]) for r in range(header.bottom, header.top - 1, -1) if head[r][column]]
    units: tuple[str, ...] = ()
    while texts and texts[0][1] not in form.labels and _is_sub_label(texts[0][1], plan):
        row, text = texts.pop(0)
        if text.strip("()").startswith(_LAST_YEAR):
            header.last_year.append(column)
            return
        units = parse_unit_words(text.strip("()"), plan).units or units
        if not texts:  # 本年 under a label that is merged over 本年 and 上年, in either order
            texts = _look_left(head, header.top, row, column)
    if not texts:
        return
    row, text = texts[0]
    if _is_last_year(text, form, plan):
        header.last_year.append(column)
        return
    meaning, said = interpret_heading(text, form, plan)
    if meaning is None and len(texts) > 1:  # one label broken over two lines
        meaning, said = interpret_heading("".join(t for _, t in reversed(texts)), form, plan)
    written = str(rows[row][column]).strip()
    if meaning is None:
        if _is_ignored(text, form, plan):
            header.ignored.append((column, written))
        else:
            header.unknown.append((row, column, written))
    elif meaning in header.columns:
        header.doubled.append((row, column, written))
    else:
        header.columns[meaning] = column
        header.remarks += [(row, column, written, remark) for remark in said.unknown]
        take_unit(header.stated, meaning, units or said.units, form, (row, column, written))


def _look_left(head: list[Texts], top: int, row: int, column: int) -> list[tuple[int, str]]:
    for r in range(row - 1, top - 1, -1):
        for c in range(column - 1, max(column - 3, -1), -1):
            if head[r][c]:
                return [(r, head[r][c])]
    return []


def _is_last_year(text: str, form: FormPlan, plan: ReadPlan) -> bool:
    if text.startswith(_LAST_YEAR):
        return True
    ending = _LAST_YEAR_END.search(text)
    return bool(ending and interpret_heading(text[: ending.start()], form, plan)[0])


def _is_ignored(text: str, form: FormPlan, plan: ReadPlan) -> bool:
    if text in plan.ignored_columns or drop_brackets(text) in plan.ignored_columns:
        return True
    return any(text.startswith((f"{word}:", f"{word}(")) for word in plan.note_prefixes)
