"""Masks the numbers of persons in all that was read of a file, where it was read: nothing behind the wall sees them.

What is stored, published, sent and logged is made of these texts. The archive keeps the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from warehouse.words.personal_numbers import MAY_HOLD_NUMBER, find_numbers, mask_numbers

if TYPE_CHECKING:
    from transforms.reading.file_read import FileRead, SheetRead

RULE = "read.personal_number"
_MOST_ROWS_NAMED = 10
_CODE_OF_VILLAGE = r"^[1-9][0-9]{11}(?:\.0)?$"  # in every row of the longest form, and no number of a person
_NO_FIELDS = ("lead", "org_code", "org_name", "parent_name")


class _Cell(NamedTuple):
    """A cell with a number of a person; ``form``: none of a cell that belongs to no form."""

    form: str | None
    sheet: str
    letters: str
    row: int
    field: str | None
    kinds: tuple[str, ...]


def mask_reading(read: FileRead) -> FileRead:
    """``read`` with every number of a person masked, and one problem for each column of a sheet that has some."""
    suspects = read.sheets if _may_hold_numbers(read.sheets) else []
    found = [cell for sheet in suspects for cell in _mask_sheet(sheet)]
    beside: Sequence[MutableMapping[str, Any]] = [*read.rest, *read.answers, *read.problems]
    found += [cell for about in beside for cell in _mask_entry(about)]
    read.cover = _mask_values(read.cover)
    read.detail, read.cause = mask_numbers(read.detail), mask_numbers(read.cause)
    read.members = [(mask_numbers(name), content) for name, content in read.members]
    for sheet in read.sheets:
        sheet.sheet, sheet.head, sheet.units = (
            mask_numbers(sheet.sheet),
            _mask_values(sheet.head),
            _mask_values(sheet.units),
        )
    read.problems += _tell(found)
    return read


def _is_suspect(cell: pl.Expr) -> pl.Expr:
    return cell.str.contains(MAY_HOLD_NUMBER) & ~cell.str.contains(_CODE_OF_VILLAGE)


def _mask_values(texts: Mapping[str, str]) -> dict[str, str]:
    return {key: mask_numbers(text) for key, text in texts.items()}


def _may_hold_numbers(sheets: Sequence[SheetRead]) -> bool:
    """Whether any cell of any form may hold the number of a person: one look at all, since most files have none."""
    columns = [column for sheet in sheets for column in sheet.rows if column.dtype == pl.String]
    if not columns:
        return False
    texts = pl.concat([column.rename("") for column in columns], rechunk=True).to_frame()
    return not texts.filter(_is_suspect(pl.col(""))).is_empty()


def _mask_sheet(sheet: SheetRead) -> list[_Cell]:
    """Mask the rows of a form; the cells in which something was masked."""
    texts = [name for name, kind in sheet.rows.schema.items() if kind == pl.String]
    hints = sheet.rows.select(_is_suspect(pl.col(texts)))
    found = []
    for name in texts:
        if not hints[name].any():
            continue
        at = hints[name].arg_true()
        masked = sheet.rows[name].clone()
        for index in at:
            text = str(masked[index])
            if kinds := _list_kinds(text):
                masked[index] = mask_numbers(text)
                field = None if name in _NO_FIELDS else name
                place = (sheet.columns.get(name, "A"), int(sheet.rows["row"][index]))
                found.append(_Cell(sheet.form, mask_numbers(sheet.sheet), *place, field, kinds))
        sheet.rows = sheet.rows.with_columns(masked)
    return found


def _mask_entry(about: MutableMapping[str, Any]) -> list[_Cell]:
    """Mask what is said of a cell beside the forms, in a box or in a problem; that cell, if something in it was masked."""
    kinds = {kind: None for text in about.values() if isinstance(text, str) for kind in _list_kinds(text)}
    if not kinds:
        return []
    about.update({key: mask_numbers(text) for key, text in about.items() if isinstance(text, str)})
    cell = about.get("cell")
    if not cell:
        return []
    letters = str(cell).rstrip("0123456789")
    return [
        _Cell(None, str(about["sheet"]), letters, int(str(cell).removeprefix(letters)), None, tuple(kinds))
    ]


def _list_kinds(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(number.kind for number in find_numbers(text)))


def _tell(found: Sequence[_Cell]) -> list[dict[str, str | None]]:
    """One problem for each column of a sheet, at its first cell."""
    columns: dict[tuple[str, str], list[_Cell]] = {}
    for cell in found:
        columns.setdefault((cell.sheet, cell.letters), []).append(cell)
    return [_describe(cells) for cells in columns.values()]


def _describe(cells: Sequence[_Cell]) -> dict[str, str | None]:
    first = min(cells, key=lambda cell: (cell.row, cell.form is None))
    rows = sorted({cell.row for cell in cells})
    named = "、".join(map(str, rows[:_MOST_ROWS_NAMED])) + ("等" if len(rows) > _MOST_ROWS_NAMED else "")
    kinds = "、".join(dict.fromkeys(kind for cell in cells for kind in cell.kinds))
    return {
        "form": first.form,
        "rule": RULE,
        "sheet": first.sheet,
        "cell": f"{first.letters}{first.row}",
        "field": first.field,
        "value": None,  # a correction workbook would show it in the cell
        "detail": f"{kinds}（本列共{len(rows)}处，在第{named}行）" if len(rows) > 1 else kinds,
    }
