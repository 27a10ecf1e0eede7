"""Selects the rows of a table below its header: no blank ones, and no header repeated on a later page."""

from __future__ import annotations

import re

from transforms.reading.formats.book import Row
from transforms.reading.header import Header
from transforms.reading.headings import heading_text

_PAGE = re.compile(r"\(?(?:续表?|接上[页表]|转下页|第\d+页.*)\)?")
_LINES_ABOVE = 4  # how many lines of the head may be repeated with the header


def list_table_rows(rows: list[Row], header: Header) -> list[int]:
    """The 0-based rows of the table."""
    width = len(rows[0]) if rows else 0
    filled = [r for r in range(header.bottom + 1, len(rows)) if rows[r].count("") < width]
    repeated = _find_repeated_headers(rows, filled, header)
    return [r for r in filled if r not in repeated] if repeated else filled


def _find_repeated_headers(rows: list[Row], filled: list[int], header: Header) -> set[int]:
    """Rows that repeat the header, with the lines of the head before them."""
    heading: dict[int, set[str]] = {}
    for row in rows[header.top : header.bottom + 1]:
        for column, cell in enumerate(row):
            if cell != "":
                heading.setdefault(column, set()).add(heading_text(cell))
    above = {heading_text(cell) for row in rows[: header.top] for cell in row if cell != ""}
    first = next((c for c in sorted(header.columns.values()) if c in heading), None)
    if first is None:
        return set()
    found: set[int] = set()
    for at, r in enumerate(filled):
        cell = rows[r][first]
        # Most rows begin with a code, which no heading is.
        is_text = isinstance(cell, str) and not cell[:1].isdigit()
        if not (is_text and heading_text(cell) in heading[first]):
            if found and filled[at - 1] in found and _repeats_heading(rows[r], heading):
                found.add(r)  # the header's second line
            continue
        if not _repeats_heading(rows[r], heading):
            continue
        found.add(r)
        for before in reversed(filled[max(at - _LINES_ABOVE, 0) : at]):
            texts = [heading_text(cell) for cell in rows[before] if cell != ""]
            if not all(text in above or _PAGE.fullmatch(text) for text in texts):
                break
            found.add(before)
    return found


def _repeats_heading(row: Row, heading: dict[int, set[str]]) -> bool:
    return all(heading_text(cell) in heading.get(c, ()) for c, cell in enumerate(row) if cell != "")
