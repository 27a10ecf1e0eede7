"""Folds, by which all texts are compared: names, codes, headings, sheet names, keys of rosters, yes and no, 合计.

Two texts are the same when their folds are equal. A fold ignores width, letter case, blanks, invisible characters, kinds of
brackets, dashes and quotes, and variants of radicals. It is never stored or shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

import polars as pl

# Categories Zs, Zl, Zp, Cc and Cf, variation selectors and the other characters that show nothing. Written down and not
# asked of `unicodedata`, since Python and polars know different versions of Unicode and must drop the same characters.
_BLANK_RANGES = (
    (0x00, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x34F, 0x34F), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD),
    (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x115F, 0x1160), (0x1680, 0x1680), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x2800, 0x2800), (0x3000, 0x3000),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x110BD, 0x110BD),
    (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_WIDE_SPACES = (0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
_SPACES = frozenset((*range(0x09, 0x0E), *_WIDE_SPACES))


def _character_class(ranges: tuple[tuple[int, int], ...]) -> str:
    return "[" + "".join(chr(a) if a == b else f"{chr(a)}-{chr(b)}" for a, b in ranges) + "]"


def _drop_spaces(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    left: list[tuple[int, int]] = []
    for code in (c for a, b in ranges for c in range(a, b + 1) if c not in _SPACES):
        if left and left[-1][1] == code - 1:
            left[-1] = (left[-1][0], code)
        else:
            left.append((code, code))
    return tuple(left)


BLANK = _character_class(_BLANK_RANGES)
"""A character class (for Python's `re` and polars): white space and invisible characters."""

INVISIBLE = _character_class(_drop_spaces(_BLANK_RANGES))
"""A character class: characters that are invisible and take no room."""

# Radicals that NFKC leaves alone (those of U+2F00 it does not), and strokes that look like a character.
_RADICALS = dict(
    zip(
        "⺁⺄⺅⺆⺈⺉⺊⺌⺍⺎⺐⺒⺓⺔⺖⺗⺘⺙⺛⺜⺝⺞⺠⺡⺢⺣⺤⺥⺦⺧⺨⺩⺫⺬⺭⺯⺰⺱⺲⺶⺹⺺⺻⺼⺾⺿⻀⻁⻂⻃⻄⻅⻆⻈⻉⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻖⻗⻘⻙⻚⻛⻜⻝⻟⻠⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲㇐㇑㇓㇔㇠㇚",
        "厂乙亻冂刀刂卜小小兀尢巳幺彑忄㣺扌攵旡日月歺民氵氺灬爫爫丬牛犭王目示礻糹纟罓罒羊耂肀聿肉艹艹艹虎衤覀西见角讠贝车辶辶辶阝钅長镸长门阝雨青韦页风飞食飠饣马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀一丨丿丶乙亅",
        strict=True,
    )
)
_SAME = {
    "-": "—–‐‑‒―−﹣－⸺⸻⁃⹃─━ー",
    "(": "（〔【[「『［〈《<{〖〘〚⟨⟪❨⦅",
    ")": "）〕】]」』］〉》>}〗〙〛⟩⟫❩⦆",
    "·": "•・‧∙⋅",
    "~": "～〜∼〰",
    "〇": "○◯",
    "σ": "ς",  # which of the two lower case gives depends on the position in the word
    "": "“”\"'‘’`„‟‹›′″*",
}
_TO = {sign: to for to, signs in _SAME.items() for sign in signs} | _RADICALS
_FOLD = str.maketrans(_TO)
_SIGNS, _REPLACED = list(_TO), list(_TO.values())
_BLANKS = re.compile(BLANK + "+")
_BRACKETED = re.compile(r"\([^()]*\)")


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """The fold of a text: nothing invisible, NFKC, lower case, no blanks or quotes, one kind of dash and bracket."""
    # Blanks go before NFKC, which does not compose across them, and after it, since it makes some of other signs.
    plain = unicodedata.normalize("NFKC", _BLANKS.sub("", text)).lower()
    return unicodedata.normalize("NFC", _BLANKS.sub("", plain.translate(_FOLD)))


def fold_column(column: pl.Expr) -> pl.Expr:
    """:func:`fold` of every text of a column."""
    return map_unique(column, _fold)


def _fold(text: pl.Expr) -> pl.Expr:
    return (
        text.str.replace_all(BLANK + "+", "")
        .str.normalize("NFKC")
        .str.to_lowercase()
        .str.replace_many(_SIGNS, _REPLACED)
        .str.replace_all(BLANK + "+", "")
        .str.normalize("NFC")
    )


def map_unique(column: pl.Expr, change: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """``change`` of every text of a column, worked out once for each different text: a column says few things often."""

    def changed(texts: pl.Series) -> pl.Series:
        written = texts.rename("written").to_frame()
        known = written.unique().with_columns(changed=change(pl.col("written")))
        joined = written.join(known, on="written", how="left", nulls_equal=True, maintain_order="left")
        return joined["changed"].alias(texts.name)

    return column.map_batches(changed, return_dtype=pl.String)


def show_column(column: pl.Expr) -> pl.Expr:
    """Every text as a reader sees it: without what is invisible, NFKC, without blanks around it."""
    return column.str.replace_all(INVISIBLE, "").str.normalize("NFKC").str.strip_chars()


def row_word(column: pl.Expr) -> pl.Expr:
    """The fold of a row's heading word: 合 计： and 合计(全县) are 合计."""
    return map_unique(
        column, lambda text: _fold(text).str.replace_all(r"\([^()]*\)", "").str.strip_chars_end(":.、。,;")
    )


def says_one_of(column: pl.Expr, words: Iterable[str]) -> pl.Expr:
    """Whether a row's heading word is one of ``words``; null where there is none."""
    return row_word(column).is_in([fold(word) for word in words])


@lru_cache(maxsize=20_000)
def drop_brackets(folded_text: str) -> str:
    """A folded text without its bracketed parts."""
    while (shorter := _BRACKETED.sub("", folded_text)) != folded_text:
        folded_text = shorter
    return folded_text
