"""How texts are compared: width, spaces, dashes and brackets do not count; and how cells are addressed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import polars as pl

_SAME = {
    "-": "—–‐‑‒―−﹣－",
    "(": "（〔【[「『［〈《<{",
    ")": "）〕】]」』］〉》>}",
    "·": "•・‧∙⋅・",
    "~": "～〜∼",
    "": "“”\"'‘’`\u200b\u200c\u200d\ufeff\u2060*",
}
_FOLD = str.maketrans({ord(sign): to for to, signs in _SAME.items() for sign in signs})
_SIGNS = [sign for signs in _SAME.values() for sign in signs]
_TO = [to for to, signs in _SAME.items() for _ in signs]
_BRACKETED = re.compile(r"\([^()]*\)")
_SPACES = r"[\s\u00a0\u3000]+"


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """The text as compared: NFKC, lower case, no spaces or quotes, one kind of dash and bracket."""
    # NFKC makes spaces of U+3000 and NBSP; str.split() without argument drops them all.
    return "".join(unicodedata.normalize("NFKC", text).translate(_FOLD).lower().split())


def folded(column: pl.Expr) -> pl.Expr:
    """:func:`fold` of every text of a column."""
    return (
        column.str.normalize("NFKC")
        .str.replace_many(_SIGNS, _TO)
        .str.to_lowercase()
        .str.replace_all(_SPACES, "")
    )


@lru_cache(maxsize=20_000)
def without_brackets(folded_text: str) -> str:
    """A folded text without its bracketed parts."""
    while (shorter := _BRACKETED.sub("", folded_text)) != folded_text:
        folded_text = shorter
    return folded_text


@lru_cache(maxsize=1024)
def column_letter(index: int) -> str:
    """The letters of a 0-based column: 0 -> A, 26 -> AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """The 0-based column of its letters: A -> 0."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1
