"""Values in the messages of rules, as an office writes them (42, not 42.0).

What the placeholders of a message say: :mod:`expectations.rulebook.sentence`; how they are filled:
:mod:`warehouse.words.filled_sentences`, where ``{=expression}`` is a computed number.
"""

from __future__ import annotations

import polars as pl

from warehouse.words.number_words import number_text


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
