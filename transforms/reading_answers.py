"""Reads the sheet 说明 of a correction workbook: what the clerk wrote into the boxes, and which finding each answers."""

from __future__ import annotations

import re

from transforms.formats_book import Row
from transforms.wording import column_letter
from warehouse.catalogue.texts import fold
from warehouse.catalogue.workbook_texts import ANSWER_BOX, ANSWER_KEYS, ANSWERED, DRAFT_MARK

Answer = dict[str, str]
_HEAD_ROWS = 20


def read_answers(sheet: str, rows: list[Row]) -> tuple[str, list[Answer]]:
    """The submission that the workbook answers, and the filled boxes as ANSWER without submission.

    '' and none where the sheet is not 说明 of a correction workbook.

    A box that still begins with the mark of last year's text was not answered, nor was one with
    nothing but signs in it.
    """
    place = _header(rows)
    if place is None:
        return "", []
    top, heads = place
    named = heads.get(fold(ANSWERED))
    answered = "" if named is None else next((t for row in rows[top + 1 :] if (t := _cell(row, named))), "")
    box = heads[fold(ANSWER_BOX)]
    answers = []
    for number, row in enumerate(rows[top + 1 :], start=top + 2):
        text = _cell(row, box)
        if re.search(r"\w", text) and not fold(text).startswith(fold(DRAFT_MARK)):
            keys = {key: _text(row[heads[fold(head)]]) for key, head in ANSWER_KEYS.items()}
            if keys["rule"]:
                answers.append(
                    {"sheet": sheet, "cell": f"{column_letter(box)}{number}", **keys, "text": text}
                )
    return answered, answers


def _header(rows: list[Row]) -> tuple[int, dict[str, int]] | None:
    """The header's row and the place of every head in it, by the head's fold."""
    for top, row in enumerate(rows[:_HEAD_ROWS]):
        heads = {fold(_text(cell)): index for index, cell in enumerate(row) if cell != ""}
        if fold(ANSWER_BOX) in heads and heads.keys() >= {fold(head) for head in ANSWER_KEYS.values()}:
            return top, heads
    return None


def _cell(row: Row, index: int) -> str:
    return _text(row[index]) if index < len(row) else ""


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a code that was typed anew as a number
    return str(value).strip()
