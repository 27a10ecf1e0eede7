"""Reads the sheet 说明 of a correction workbook: what the clerk wrote into the boxes, and which finding each answers."""

from __future__ import annotations

from transforms.formats_book import Row
from transforms.wording import column_letter
from warehouse.catalogue.workbook_texts import ANSWER_BOX, ANSWER_KEYS, DRAFT_MARK

Answer = dict[str, str]
_HEAD_ROWS = 20


def read_answers(sheet: str, rows: list[Row]) -> list[Answer]:
    """The filled boxes of a sheet as ANSWER without submission; none where the sheet has no such boxes.

    A box that still begins with the mark of last year's text was not answered.
    """
    place = _header(rows)
    if place is None:
        return []
    top, heads = place
    box = heads[ANSWER_BOX]
    answers = []
    for number, row in enumerate(rows[top + 1 :], start=top + 2):
        text = _text(row[box]) if box < len(row) else ""
        if text and not text.startswith(DRAFT_MARK):
            keys = {key: _text(row[heads[head]]) for key, head in ANSWER_KEYS.items()}
            if keys["rule"]:
                answers.append(
                    {"sheet": sheet, "cell": f"{column_letter(box)}{number}", **keys, "text": text}
                )
    return answers


def _header(rows: list[Row]) -> tuple[int, dict[str, int]] | None:
    """The header's row and the place of every head in it."""
    for top, row in enumerate(rows[:_HEAD_ROWS]):
        heads = {_text(cell): index for index, cell in enumerate(row) if cell != ""}
        if ANSWER_BOX in heads and heads.keys() >= set(ANSWER_KEYS.values()):
            return top, heads
    return None


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a code that was typed anew as a number
    return str(value).strip()
