"""Message templates: Chinese sentences with placeholders, filled for all broken rows at once.

What the placeholders say: :mod:`expectations.rulebook.sentence`.

``{name}`` takes a text, ``{=expression}`` a computed number; a part in square brackets is left out where one of its
placeholders is null: ``不在名录中[，是否应为“{suggestion}”]``. Numbers are written as an office writes them
(42, not 42.0), missing ones by their legend: "…" not reported, "—" not applicable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import polars as pl

from warehouse.words.number_words import NOT_REPORTED, number_text

_PART = re.compile(r"\[([^\[\]]*)\]")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@lru_cache(maxsize=4096)
def placeholders(template: str) -> frozenset[str]:
    """The names in braces, ``=expression`` included."""
    return frozenset(_PLACEHOLDER.findall(template))


def fill_template(template: str, meaning: Callable[[str], pl.Expr]) -> pl.Expr:
    """The template as a String expression; ``meaning``: placeholder -> its text (null: missing)."""
    pieces: list[pl.Expr] = []
    position = 0
    for part in _PART.finditer(template):
        pieces.append(_sentence(template[position : part.start()], meaning, NOT_REPORTED))
        pieces.append(_sentence(part.group(1), meaning, None).fill_null(""))
        position = part.end()
    pieces.append(_sentence(template[position:], meaning, NOT_REPORTED))
    return pl.concat_str(pieces)


def fill_plainly(template: str, values: dict[str, str | None]) -> str:
    """The template filled with ``values``, placeholder -> text, for a text outside frames."""
    frame = pl.select(pl.lit(None)) if not values else pl.DataFrame({k: [v] for k, v in values.items()})
    return str(frame.select(fill_template(template, lambda name: pl.col(name).cast(pl.String))).item())


def _sentence(text: str, meaning: Callable[[str], pl.Expr], missing: str | None) -> pl.Expr:
    """``text`` with its placeholders filled; a null one becomes ``missing`` or, if that is None, makes the text null."""
    pieces: list[pl.Expr] = []
    for index, piece in enumerate(_PLACEHOLDER.split(text)):
        if index % 2:
            pieces.append(meaning(piece) if missing is None else meaning(piece).fill_null(missing))
        elif piece:
            pieces.append(pl.lit(piece))
    return pl.concat_str(pieces) if pieces else pl.lit("")


def with_unit(text: pl.Expr, unit: str) -> pl.Expr:
    """A number's text with its 计量单位: 60人; a rank is 第4位. Null stays null."""
    return pl.format(f"第{{}}{unit}" if unit == "位" else f"{{}}{unit}", text)


def quote(text: pl.Expr) -> pl.Expr:
    """A text in quotes, quotes within it made single: “‘健康家·味道’主题实践”. Null stays null."""
    return pl.format("“{}”", text.str.replace_many({"“": "‘", "”": "’"}))


def value_text(value: pl.Expr, dtype: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """A conformed value of any type as a clerk writes it; null stays null."""
    if dtype == pl.Boolean:
        return pl.when(value).then(pl.lit("“是”")).when(~value).then(pl.lit("“否”"))
    if dtype == pl.Date:
        day = value.dt
        return pl.format("{}年{}月{}日", day.year(), day.month(), day.day())
    if dtype == pl.String:
        return quote(value)
    return number_text(value)
