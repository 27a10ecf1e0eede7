"""Sentences with placeholders, filled with texts: the messages of rules, and what the bulletin says.

``{name}`` takes a text; a part in square brackets is left out where one of its placeholders is null:
``不在名录中[，是否应为“{suggestion}”]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import polars as pl

from warehouse.words.number_words import NOT_REPORTED

_PART = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@lru_cache(maxsize=4096)
def placeholders(template: str) -> frozenset[str]:
    """The names in braces, ``=expression`` included."""
    return frozenset(_PLACEHOLDER.findall(template))


def fill_template(
    template: str, meaning: Callable[[str], pl.Expr], missing: str | None = NOT_REPORTED
) -> pl.Expr:
    """The template as a String expression; ``meaning``: placeholder -> its text (null: missing).

    ``missing`` stands for a missing text outside of brackets; None: then the whole is null.
    """
    pieces: list[pl.Expr] = []
    position = 0
    for part in _PART.finditer(template):
        pieces.append(_sentence(template[position : part.start()], meaning, missing))
        pieces.append(_sentence(part.group(1), meaning, None).fill_null(""))
        position = part.end()
    pieces.append(_sentence(template[position:], meaning, missing))
    return pl.concat_str(pieces)


def fill_plainly(template: str, values: Mapping[str, str | None]) -> str:
    """The template filled with ``values``, placeholder -> text, for a text outside frames."""
    return str(_fill(template, values, NOT_REPORTED))


def fill_or_drop(template: str, values: Mapping[str, str | None]) -> str | None:
    """The same; None where a text outside of brackets is missing."""
    return _fill(template, values, None)


def _fill(template: str, values: Mapping[str, str | None], missing: str | None) -> str | None:
    frame = pl.select(pl.lit(None)) if not values else pl.DataFrame({k: [v] for k, v in values.items()})
    filled = fill_template(template, lambda name: pl.col(name).cast(pl.String), missing)
    text: str | None = frame.select(filled).item()
    return text


def _sentence(text: str, meaning: Callable[[str], pl.Expr], missing: str | None) -> pl.Expr:
    """``text`` with its placeholders filled; a null one becomes ``missing`` or, if that is None, makes the text null."""
    pieces: list[pl.Expr] = []
    for index, piece in enumerate(_PLACEHOLDER.split(text)):
        if index % 2:
            pieces.append(meaning(piece) if missing is None else meaning(piece).fill_null(missing))
        elif piece:
            pieces.append(pl.lit(piece))
    return pl.concat_str(pieces) if pieces else pl.lit("")
