"""Problems of a sheet's headings, and of content that was not taken over."""

from __future__ import annotations

from transforms.reading.apply_marks import Problem, make_problem
from transforms.reading.formats.book import Marks, Row, SheetInfo
from transforms.reading.header import Header
from transforms.reading.plan import ROW_COLUMNS, FormPlan
from warehouse.words.addresses import column_letter
from warehouse.words.folding import fold

_REMARK = "备注"


def find_heading_problems(header: Header, info: SheetInfo, form: FormPlan) -> list[Problem]:
    """Problems of columns that the form does not have, and of headings with other units or remarks."""
    names = {index: name for name, index in header.columns.items()}
    told = [
        make_problem("read.unknown_column", info, form, (row, column), text, detail)
        for unclear, detail in ((header.unknown, ""), (header.doubled, "与前面的栏目重复"))
        for row, column, text in unclear
    ]
    for row, column, text, remark in header.remarks:
        if names[column] not in ROW_COLUMNS:
            more = make_problem("read.heading_remark", info, form, (row, column), text, remark)
            told.append({**more, "field": names[column]})
    for row, column, text, name in header.stated.contradictions:
        other = make_problem("read.other_unit", info, form, (row, column), text, form.units.get(name, ""))
        told.append({**other, "field": name})
    return told + [
        make_problem("read.unclear_unit", info, form, (row, column), text)
        for row, column, text in header.stated.unclear
    ]


def report_ignored_content(
    rows: list[Row], table_rows: list[int], header: Header, marks: Marks, info: SheetInfo, form: FormPlan
) -> list[Problem]:
    """One problem that lists what the sheet holds beside the form: remarks, added columns, comments, pictures."""
    parts = []
    for column, heading in header.ignored:
        # The first column holds serial numbers, 合计 and what is printed below the table.
        if column and (count := sum(_is_text(rows[r][column]) for r in table_rows)):
            parts.append(f"“{heading}”栏{count}处")
    parts += [
        f"没有表头的{column_letter(column)}列" for column in _find_unheaded_columns(rows, table_rows, header)
    ]
    remarks = [r + 1 for r in table_rows if any(_is_remark(cell) for cell in rows[r][:2])]
    if remarks:
        parts.append(f"第{'、'.join(map(str, remarks[:5]))}行的备注")
    if marks.comments:
        parts.append(f"批注{marks.comments}条")
    if marks.pictures:
        parts.append(f"图片{marks.pictures}张")
    return [make_problem("read.not_taken_over", info, form, detail="、".join(parts))] if parts else []


def _find_unheaded_columns(rows: list[Row], table_rows: list[int], header: Header) -> list[int]:
    """Columns, except the first, that have content in a unit's row and no heading."""
    width = len(rows[0]) if rows else 0
    heads = rows[header.top : header.bottom + 1]
    known = set(header.columns.values()) | {column for column, _ in header.ignored}
    named = [header.columns[c] for c in ("org_code", "org_name") if c in header.columns]
    bare = [c for c in range(1, width) if c not in known and all(row[c] == "" for row in heads)]
    if not bare or not named:
        return []
    filled = [rows[r] for r in table_rows if any(rows[r][c] != "" for c in named)]
    return [c for c in bare if c > min(known) and any(row[c] != "" for row in filled)]


def _is_remark(cell: object) -> bool:
    if not (isinstance(cell, str) and _REMARK[0] in cell):
        return False
    text = fold(cell)
    return text.startswith(_REMARK) and text.strip(":") != _REMARK


def _is_text(cell: object) -> bool:
    return isinstance(cell, str) and bool(cell.strip()) and not cell.strip().isdigit()
