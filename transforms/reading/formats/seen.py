"""What a reader sees beside a cell's value: text that a number format adds, and runs that are raised or struck through.

Raised and lowered digits become the characters ¹ ₁, which no number holds, so that 4 with a footnote 1 is not 41.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import NamedTuple

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_CURRENCY = "¥￥$€£ \u00a0_-+()（）,.\"'"
_PLACEHOLDERS = "0#?"
_IS_OTHER_KIND = re.compile(r"[ymdhsgea@]", re.IGNORECASE)
_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|[_*].?|\[[^\]]*\]?|General|.', re.DOTALL)
_LAST_ASCII = 0x7F

RUN = re.compile(rb"<(?:\w+:)?r(?:\s[^>]*)?>(.*?)</(?:\w+:)?r>", re.DOTALL)
_TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>(.*?)</(?:\w+:)?t>", re.DOTALL)
_PHONETIC = re.compile(rb"<(?:\w+:)?rPh\b.*?</(?:\w+:)?rPh>", re.DOTALL)
STRUCK = re.compile(rb"""<(?:\w+:)?d?strike\s*(?:/>|val=["'](?:1|true)["'])""", re.IGNORECASE)
_RAISING = re.compile(rb"""<(?:\w+:)?vertAlign\s+val=["'](super|sub)script["']""")


class SeenText(NamedTuple):
    """A text as it is seen, and the part of it that is struck through."""

    text: str
    struck: str


def join_runs(runs: list[tuple[str, str, bool]]) -> SeenText:
    """The text of ``runs``: text, '' or 'super' or 'sub', whether it is struck through."""
    lookup = {"super": _RAISED, "sub": _LOWERED}
    text = "".join(part.translate(lookup[raised]) if raised else part for part, raised, _ in runs)
    return SeenText(text, "".join(part for part, _, is_struck in runs if is_struck).strip())


def read_string(item: bytes) -> SeenText | None:
    """The visible text of a SpreadsheetML string (<si> or <is>); None when no run is raised or struck through."""
    if b"strike" not in item and b"vertAlign" not in item:
        return None
    runs = []
    for run in RUN.findall(_PHONETIC.sub(b"", item)):
        text = "".join(unescape(part.decode("utf-8", "replace")) for part in _TEXT.findall(run))
        raised = _RAISING.search(run)
        runs.append((text, raised[1].decode() if raised else "", bool(STRUCK.search(run))))
    seen = join_runs(runs)
    return seen if seen.struck or any(raised for _, raised, _ in runs) else None


@lru_cache(maxsize=1024)
def split_format(code: str) -> tuple[str, str] | None:
    """What a number format prints before and behind a number: 0.00"万元" gives ('', '万元'); None when nothing.

    Signs of currency and blanks are nothing. A format that shows the number divided (0!.0,"万") shows the number
    that is stored, with its unit: nothing is added either.
    """
    before, behind, is_scaled = _split_section(_first_section(code.replace("G/通用格式", "General")))
    if is_scaled:
        return None
    before, behind = before.strip(_CURRENCY), behind.strip(_CURRENCY)
    return (before, behind) if before or behind else None


def _first_section(code: str) -> str:
    end = next((found.start() for found in _TOKEN.finditer(code) if found[0] == ";"), len(code))
    return code[:end]


def _split_section(section: str) -> tuple[str, str, bool]:
    """Text before the digits, text behind them, and whether the format divides the number."""
    before, digits, behind = "", "", ""
    for found in _TOKEN.finditer(section):
        token, literal = found[0], _read_literal(found)
        if literal is not None:
            before, behind = (before, behind + literal) if digits else (before + literal, behind)
        elif token in ("General", *_PLACEHOLDERS):
            if behind.strip():  # a text among the digits: 0!.0000
                return "", "", True
            digits += "0"
        elif _IS_OTHER_KIND.match(token):
            return "", "", False  # a date, a time, a scientific number or a text
        elif token in ".,/" and digits:
            digits += token
    return before, behind, digits.endswith(",")


def _read_literal(found: re.Match[str]) -> str | None:
    """The text that a token of a format prints; None for a token of the number itself."""
    token = found[0]
    if found["quoted"] is not None or found["escaped"] is not None:
        return str(found["quoted"] or found["escaped"] or "")
    if token.startswith("[$"):
        return token[2:].rstrip("]").partition("-")[0]
    if token[0] in "_*[":
        return ""
    return token if token == "%" or ord(token[0]) > _LAST_ASCII else None
