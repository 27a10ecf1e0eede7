"""Reads the administrator's batch workbook: the decision on each explanation. Called in a child process."""

from __future__ import annotations

from pathlib import Path

from transforms.reading.formats.book import Refusal
from transforms.reading.formats.formats import open_book
from warehouse.words.folding import fold
from warehouse.words.workbook_texts import BATCH_HEADS

Decisions = list[dict[str, str]]


def read_decisions(path: str, args: tuple[str]) -> Decisions | None:
    """Number, decision and reason of every line with a decision, and ``row`` for messages; None: not such a workbook."""
    try:
        book = open_book(Path(path).read_bytes(), args[0])
    except Refusal:
        return None
    for sheet in book.sheets:
        rows = [[_text(cell) for cell in row] for row in book.rows(sheet.name)]
        for top, row in enumerate(rows[:10]):
            heads = {fold(text): index for index, text in enumerate(row) if text}
            if heads.keys() >= {fold(head) for head in BATCH_HEADS.values()}:
                lines = [
                    {
                        "row": str(number),
                        **{key: line[heads[fold(head)]] for key, head in BATCH_HEADS.items()},
                    }
                    for number, line in enumerate(rows[top + 1 :], start=top + 2)
                ]
                return [line for line in lines if line["decision"]]
    return None


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
