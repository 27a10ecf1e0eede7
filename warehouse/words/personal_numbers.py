"""Finds and masks numbers that belong to a person: identity numbers, mobile numbers, bank cards.

A number may be written with full-width digits, with blanks or dashes between its digits, or as a spreadsheet shows a long number.
Codes of units, dates, counts, extensions of telephones and checksums of files are left alone. A masked text has nothing left
to mask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from warehouse.words.folding import BLANK

IDENTITY, MOBILE, CARD = "身份证号码", "手机号码", "银行卡号"

MAY_HOLD_NUMBER = r"\d(?:\D{0,3}\d){10}"
"""A pattern (for Python's `re` and polars) that every text with a number of a person fits, and few others."""

_HINT = re.compile(MAY_HOLD_NUMBER)
_TOKEN = re.compile(r"\d+|[xXｘＸ](?![A-Za-z0-9])")
_GAP = re.compile(rf"(?:{BLANK}|[-—–‐‑‒―−﹣－_]){{0,3}}|[.．·]")
_HASH = re.compile(r"(?<![0-9a-zA-Z])(?=[0-9]*[a-fA-F])[0-9a-fA-F]{32,}(?![0-9a-zA-Z])")
# 18 digits typed as a number, of which a spreadsheet keeps 15 or 16.
_ROUNDED = re.compile(r"(?<![\d.])([1-9])\.(\d{10,17})[eE]\+?17(?!\d)")
_KEPT_IN_FRONT, _KEPT_BEHIND = 3, 4

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
_IDENTITY_15 = re.compile(rf"{_PROVINCE}\d{{13}}")
_ROUNDED_IDENTITY = re.compile(rf"{_PROVINCE}\d{{14}}00")
_MOBILE = re.compile(r"(?:0|86|086|0086)?(1[3-9]\d{9})")
_MOBILE_GROUPS = frozenset(
    ((11,), (3, 4, 4), (4, 3, 4), (4, 4, 3), (3, 3, 5), (3, 8), (7, 4), (1, 10), (1,) * 11)
)
_IDENTITY_GROUPS = frozenset(((15,), (6, 6, 3), (6, 9), (1,) * 15))
_CARD_DIGITS = range(16, 20)
_MOST_DIGITS = 19
_LENGTHS = frozenset((11, 12, 13, 14, 15, *_CARD_DIGITS))


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """A number of a person within a text: what it is, where it stands, and its digits as they may be shown."""

    kind: str
    start: int
    end: int
    masked: str


def mask_numbers(text: str) -> str:
    """``text`` with the middle digits of every number of a person as ``*``."""
    for found in reversed(find_numbers(text)):
        text = text[: found.start] + found.masked + text[found.end :]
    return text


def find_numbers(text: str) -> list[PersonalNumber]:
    """The numbers of persons in a text, in their order."""
    if not _HINT.search(text):
        return []
    walls = [m.span() for m in _HASH.finditer(text)]
    found = [
        _number("".join(m.groups()), IDENTITY, *m.span()) for m in _ROUNDED.finditer(text) if _is_rounded(m)
    ]
    walls += [(number.start, number.end) for number in found]
    for run in _list_runs(text, walls):
        found += _find_in_run(text, run)
    return sorted(found, key=lambda number: number.start)


def _number(digits: str, kind: str, start: int, end: int) -> PersonalNumber:
    hidden = "*" * max(4, len(digits) - _KEPT_IN_FRONT - _KEPT_BEHIND)
    return PersonalNumber(kind, start, end, f"{digits[:_KEPT_IN_FRONT]}{hidden}{digits[-_KEPT_BEHIND:]}")


def _list_runs(text: str, walls: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """The places of groups of digits between which nothing but blanks, dashes or a dot stands."""
    run: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        is_wall = _is_masked(text, start, end) or any(a <= start < b for a, b in walls)
        if run and (is_wall or not _GAP.fullmatch(text, run[-1][1], start)):
            yield run
            run = []
        if not is_wall:
            run.append((start, end))
    if run:
        yield run


def _is_masked(text: str, start: int, end: int) -> bool:
    """Whether these digits are what a mask has left of a number."""
    behind, before = text[end : end + 4], text[max(0, start - 4) : start]
    return end - start <= _KEPT_BEHIND and "****" in (behind, before)


def _find_in_run(text: str, run: Sequence[tuple[int, int]]) -> Iterator[PersonalNumber]:
    digits = ["".join("X" if c in "xXｘＸ" else str(int(c)) for c in text[a:b]) for a, b in run]
    first = 0
    while first < len(run):
        last = _find_end(text, run, digits, first)
        if last is None:
            first += 1
            continue
        kind, behind = last
        joined = "".join(digits[first:behind])
        mobile = _MOBILE.fullmatch(joined) if kind == MOBILE else None
        yield _number(mobile[1] if mobile else joined, kind, run[first][0], run[behind - 1][1])
        first = behind


def _find_end(
    text: str, run: Sequence[tuple[int, int]], digits: Sequence[str], first: int
) -> tuple[str, int] | None:
    """What number begins with the group ``first``, and the group behind it; the longest one. None: no number."""
    if first and digits[first - 1] == "0" and text[run[first - 1][1] : run[first][0]] == ".":
        return None  # decimals
    length, best = 0, None
    for behind in range(first + 1, len(run) + 1):
        length += len(digits[behind - 1])
        if length > _MOST_DIGITS:
            break
        gaps = (
            [text[run[k][1] : run[k + 1][0]] for k in range(first, behind - 1)] if length in _LENGTHS else []
        )
        if length in _LENGTHS and gaps not in (["."], ["．"]):
            kind = _name_kind(digits[first:behind])
            best = (kind, behind) if kind else best
    return best


def _name_kind(groups: Sequence[str]) -> str | None:
    """What number the groups of digits are together; None: none of a person."""
    joined, sizes = "".join(groups), tuple(map(len, groups))
    if _is_identity(joined) or _is_old_identity(joined, sizes) or _is_rounded_identity(joined):
        return IDENTITY
    if _is_mobile(groups):
        return MOBILE
    return CARD if _is_card(joined, sizes) else None


def _is_identity(digits: str) -> bool:
    """18 digits, as GB 11643 has them: the day of birth within, the last one a check of the others."""
    if len(digits) != 18 or "X" in digits[:17] or not _is_day(digits[6:10], digits[10:12], digits[12:14]):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:17], strict=True))
    return digits[17] == _CHECK_DIGITS[total % 11]


def _is_old_identity(digits: str, sizes: tuple[int, ...]) -> bool:
    """15 digits, as they were given out until 1999: the day of birth has two digits of its year."""
    is_written = sizes in _IDENTITY_GROUPS and _IDENTITY_15.fullmatch(digits)
    return bool(is_written) and _is_day(f"19{digits[6:8]}", digits[8:10], digits[10:12])


def _is_rounded_identity(digits: str) -> bool:
    """18 digits whose last two or three a spreadsheet has made 0."""
    return bool(_ROUNDED_IDENTITY.fullmatch(digits)) and _is_day(digits[6:10], digits[10:12], digits[12:14])


def _is_rounded(match: re.Match[str]) -> bool:
    return _is_rounded_identity("".join(match.groups())[:16].ljust(18, "0"))


def _is_mobile(groups: Sequence[str]) -> bool:
    """11 digits, with the country's or the trunk's prefix or without; in groups as people write them."""
    match = _MOBILE.fullmatch("".join(groups))
    if match is None:
        return False
    sizes, prefix = [len(group) for group in groups], match.start(1)
    while prefix and sizes[0] <= prefix:
        prefix -= sizes.pop(0)
    sizes[0] -= prefix
    return tuple(sizes) in _MOBILE_GROUPS


def _is_card(digits: str, sizes: tuple[int, ...]) -> bool:
    """16 to 19 digits, the last one a check of the others (Luhn); in groups only as they stand on a card."""
    if len(digits) not in _CARD_DIGITS or "X" in digits or len(set(digits)) == 1:
        return False
    is_grouped = set(sizes[:-1]) <= {4} and sizes[-1] <= 4
    is_whole = len(sizes) == 1 or set(sizes) == {1}
    is_like_card = is_grouped or sizes in {(6, n) for n in range(10, 14)}
    if not is_whole and not (is_like_card and digits[0] in "34569"):
        return False
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        return 1900 <= date(int(year), int(month), int(day)).year < 2100
    except ValueError:
        return False
