"""Numbers and their changes as a public communiqué 公报 prints them: 2.4万户, 7400余人次, 比上年增长3.2%.

A **picture** says how a number is rounded and written: ``0万`` whole ten thousands, ``0.0万`` with one decimal, ``百余``
rounded down to hundreds and, where that is less than the number, 余 behind it; ``约`` (rounded), ``近`` (rounded up) and
``超`` (rounded down) before any of these stand only where the number is not exactly so. No picture: the number as it is, and so
is a number that is smaller than the multiple it should be written in.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from warehouse.words.number_words import round_half_up
from warehouse.words.scales import SCALES

_PICTURE = re.compile(
    r"(?P<about>[约近超]?)(?P<digits>(?:0(?:\.(?P<decimals>0+))?)?)(?P<scale>[十百千万亿]*)(?P<more>余?)"
)
_ROUNDINGS = {"近": ROUND_CEILING, "超": ROUND_FLOOR, "余": ROUND_FLOOR}
_WRITTEN = {"亿": Decimal(10**8), "万": Decimal(10**4)}
"""Multiples that a rounded number is written in; smaller ones are written out (7400余, not 74百余)."""
_TWICE = 100.0
"""From this growth in % on, it is told in times 倍."""
_ALL = 100.0
"""Written without decimals: 100%, not 100.0%."""
PLACE, PERCENT = "位", "%"
LEVEL = "持平"
"""How the words end for what did not change, or not by as much as is shown."""


def check_picture(picture: str) -> str:
    """What is wrong with a picture, as a Chinese sentence; '' for nothing."""
    found = _PICTURE.fullmatch(picture)
    if found is None or (found["scale"] and found["scale"] not in SCALES):
        return f"“{picture}”不是数的写法，可写 0万、0.0万、百余、万余，前面可加 约、近、超"
    if found["about"] and found["more"]:
        return f"“{picture}”中“{found['about']}”和“余”只能用一个"
    if not (found["digits"] or found["scale"]):
        return f"“{picture}”没有写明取整到哪一位，如 0.0万、百余"
    if found["digits"] and found["scale"] not in ("", *_WRITTEN):
        return f"“{picture}”中的数以万、亿或个为单位写出，取整到百位写 百余"
    return ""


def print_number(value: float, unit: str, picture: str = "", decimals: int = 0) -> str:
    """A number with its unit: 2.4万户, 7400余人次, 第4位; of a rate 人/万人 the unit is 人. ``decimals`` without a picture."""
    if unit == PLACE:
        return f"第{round_half_up(value)}{unit}"
    if unit == PERCENT and not picture:
        return f"{print_pct(value, decimals)}{unit}"
    return f"{_write(value, picture, decimals)}{unit.partition('/')[0]}"


def print_pct(value: float, decimals: int = 1) -> str:
    """A percentage: 100 without decimals, and never 100 for what is less (99.97 is 99.9)."""
    if value == _ALL:
        return "100"
    rounded = round_half_up(value, decimals)
    if value < _ALL <= rounded:
        rounded = Decimal(100) - Decimal(1).scaleb(-decimals)
    return f"{rounded}"


def _write(value: float, picture: str, decimals: int) -> str:
    if not picture:
        return f"{round_half_up(value, decimals)}"
    parts = _PICTURE.fullmatch(picture)
    assert parts is not None, "pictures are checked when the catalogue is read"
    scale = Decimal(int(SCALES.get(parts["scale"], 1)))
    step = scale.scaleb(-len(parts["decimals"] or ""))
    exact = Decimal(repr(float(value)))
    if abs(exact) < scale:
        return _write(value, "", decimals)
    about = parts["about"] or parts["more"]
    rounded = (exact / step).quantize(Decimal(1), rounding=_ROUNDINGS.get(about, ROUND_HALF_UP)) * step
    word, multiple = next(((w, m) for w, m in _WRITTEN.items() if scale >= m), ("", Decimal(1)))
    shown = round_half_up(float(rounded / multiple), len(parts["decimals"] or ""))
    before, after = (about, "") if about != "余" else ("", about)
    return f"{shown}{word}" if rounded == exact else f"{before}{shown}{word}{after}"


def print_growth(change: float, change_pct: float | None, unit: str) -> str | None:
    """Growth over last year: 比上年增长3.2%, 比上年下降1.5个百分点, 与上年持平; None where last year's number was 0."""
    if unit == PLACE:
        return _print_difference(-change, ("上升", "下降"), "位", 0, "与上年位次相同")
    if unit == PERCENT:
        return _print_difference(change, ("提高", "下降"), "个百分点", 1)
    if change == 0:
        return "与上年持平"
    if change_pct is None:
        return None
    if change_pct >= _TWICE:
        return f"比上年增长{_trim(change_pct / 100)}倍"
    if change_pct < 0 and round_half_up(change_pct, 1):
        return f"比上年下降{print_pct(-change_pct)}%"
    return _print_difference(change_pct, ("增长", "下降"), "%", 1)


def print_difference(change: float, unit: str, decimals: int = 0) -> str:
    """By how many units: 比上年增加3个, 比上年减少3个, 与上年持平."""
    if unit in (PLACE, PERCENT):
        return print_growth(change, None, unit) or ""
    return _print_difference(change, ("增加", "减少"), unit.partition("/")[0], decimals)


def _print_difference(
    change: float, words: tuple[str, str], unit: str, decimals: int, same: str = "与上年持平"
) -> str:
    if change == 0:
        return same
    size = round_half_up(abs(change), decimals)
    if size == 0:
        return "与上年基本持平"
    return f"比上年{words[0] if change > 0 else words[1]}{size}{unit}"


def _trim(value: float) -> str:
    """With one decimal, or none: 1.2, 2."""
    return f"{round_half_up(value, 1)}".removesuffix(".0")
