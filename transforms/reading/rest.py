"""Collects the columns that a clerk added to a form, so that they can be given back."""

from __future__ import annotations

from transforms.reading.cell_texts import number_text
from transforms.reading.formats.book import Row, SheetInfo
from transforms.reading.header import Header
from transforms.reading.plan import FormPlan
from warehouse.words.addresses import column_letter

MOST_CELLS = 500
"""The most cells of a sheet that are kept; the file that was sent has the others."""

Rest = dict[str, str | int]


def list_rest(
    rows: list[Row], table_rows: list[int], header: Header, info: SheetInfo, form: FormPlan
) -> list[Rest]:
    """The filled cells of columns that belong to no field: form, sheet, row, cell, heading, text (UNREAD)."""
    taken = {*header.columns.values(), *header.last_year}
    headings = {column: text for column, text in header.ignored if column}
    headings |= {column: text for _, column, text in (*header.unknown, *header.doubled)}
    width = len(rows[0]) if rows else 0
    first = min(taken, default=0)
    own = [c for c in range(width) if c not in taken and (c in headings or c > first)]
    found: list[Rest] = []
    for column in own:
        letter = column_letter(column)
        for row in table_rows:
            cell = rows[row][column]
            if cell == "" or len(found) >= MOST_CELLS:
                continue
            found.append(
                {
                    "form": form.id,
                    "sheet": info.name,
                    "row": row + 1,
                    "cell": f"{letter}{row + 1}",
                    "heading": headings.get(column, f"{letter}列"),
                    "text": number_text(cell),
                    "reason": "own_column",
                }
            )
    return found
