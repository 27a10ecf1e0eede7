"""Reads the sheet 说明 of a correction workbook: the text in each box and the finding it answers."""

from __future__ import annotations

import re

from transforms.reading.apply_marks import Problem, make_problem
from transforms.reading.formats.book import Row, SheetInfo
from transforms.reading.plan import ReadPlan
from warehouse.words.addresses import column_letter
from warehouse.words.folding import fold
from warehouse.words.workbook_texts import (
    ANSWER_BOX,
    ANSWER_KEYS,
    ANSWERED,
    DRAFT_MARK,
    LAID_OUT,
    NO_BOX,
)

Answer = dict[str, str]
_HEAD_ROWS = 20
_OWN_TEXTS = frozenset((fold(NO_BOX), fold(LAID_OUT)))
_SIGNS = re.compile(r"[^\w]+")


def read_answers(info: SheetInfo, rows: list[Row], plan: ReadPlan) -> tuple[str, list[Answer], list[Problem]]:
    """The submission that the workbook answers, the filled boxes as ANSWER without submission, and what was not read.

    '' and none where the sheet is not 说明 of a correction workbook.

    A box that still begins with the mark of last year's text was not answered, nor was one with
    nothing but signs in it. A text that explains nothing, or stands where no question is, is told.
    """
    header = _find_header(rows)
    if header is None:
        return "", [], []
    top, heads = header
    named = heads.get(fold(ANSWERED))
    answered = (
        "" if named is None else next((t for row in rows[top + 1 :] if (t := _address(row, named))), "")
    )
    box, keys = heads[fold(ANSWER_BOX)], {key: heads[fold(head)] for key, head in ANSWER_KEYS.items()}
    answers: list[Answer] = []
    unread: list[Problem] = []
    for r, row in enumerate(rows[top + 1 :], start=top + 1):
        text = _address(row, box)
        has_rule = bool(_address(row, keys["rule"]))
        beside = [c for c in range(len(row)) if c not in heads.values() and _is_written(_address(row, c))]
        unread += [
            make_problem("explanation.misplaced", info, None, (r, c), _address(row, c)) for c in beside
        ]
        if not _is_written(text) or fold(text).startswith(fold(DRAFT_MARK)):
            continue
        if not has_rule:
            if fold(text) not in _OWN_TEXTS:
                unread.append(make_problem("explanation.misplaced", info, None, (r, box), text))
        elif _SIGNS.sub("", fold(text)) in plan.empty_explanations:
            unread.append(make_problem("explanation.says_nothing", info, None, (r, box), text))
        else:
            said = {key: _text(row[column]) for key, column in keys.items()}
            cell = f"{column_letter(box)}{r + 1}"
            answers.append({"sheet": info.name, "cell": cell, **said, "text": text})
    return answered, answers, unread


def _is_written(text: str) -> bool:
    return bool(re.search(r"\w", text))


def _find_header(rows: list[Row]) -> tuple[int, dict[str, int]] | None:
    """The row of the header, and folded head -> column index."""
    for top, row in enumerate(rows[:_HEAD_ROWS]):
        heads = {fold(_text(cell)): index for index, cell in enumerate(row) if cell != ""}
        if fold(ANSWER_BOX) in heads and heads.keys() >= {fold(head) for head in ANSWER_KEYS.values()}:
            return top, heads
    return None


def _address(row: Row, index: int) -> str:
    return _text(row[index]) if index < len(row) else ""


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a code that was typed anew as a number
    return str(value).strip()
