"""Units of measurement that a sheet states: in a heading's bracket, on a line of its own, in a title or a note.

Units are written in many ways (万元, 单位：万元, 万元，保留四位小数, 万). Each is either understood or becomes a problem.
All texts are folded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from transforms.reading.plan import FormPlan, ReadPlan
from warehouse.words.scales import SCALES

_PARTS = re.compile(r"[,;、。/和及]+")
_LABEL = re.compile(r"^(?:计量|金额|货币|数量)?单位(?:均?为|是)?[:为是]*|^(?:人民币|均?以)|计$")
_PRECISION = re.compile(r"(?:保留|精确|取).*(?:小数|整数?|位|元|分|角)|整数|不?含小数|\d*位?小数")
_THIS_YEAR = frozenset({"本年", "本年数", "本期", "本期数", "本年度", "今年", "本年实际"})
_STATED = re.compile(
    r"(?:(?P<sure>计量|金额|货币)单位|(?:^|(?<=[^\u3400-\u9fff]))单位)(?:均?为|[:是])+(?P<said>[^:()。;]*)"
)
_LONGEST_UNIT = 30
_BRACKET = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class UnitWords:
    """The units that a text names (万 alone is one, too), and its other parts."""

    units: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@lru_cache(maxsize=4_000)
def parse_unit_words(text: str, plan: ReadPlan) -> UnitWords:
    """The units in a bracket or behind 单位：; words about this year and about decimals are ignored."""
    units, unknown = [], []
    for part in _PARTS.split(text):
        word = _LABEL.sub("", part)
        if word in plan.units or word in SCALES:
            units.append(word)
        elif word and word not in _THIS_YEAR | plan.empty_remarks and not _PRECISION.fullmatch(word):
            unknown.append(part)
    return UnitWords(tuple(units), tuple(unknown))


def is_unit_text(text: str, plan: ReadPlan) -> bool:
    """Whether a cell below a label holds only its unit."""
    if len(text) > _LONGEST_UNIT:
        return False
    said = parse_unit_words(text.strip("()"), plan)
    return bool(said.units) and not said.unknown


@dataclass(slots=True)
class StatedUnits:
    """The units that a sheet states for its columns; positions are 0-based row and column, with the text."""

    units: dict[str, str] = field(default_factory=dict)  # column -> unit
    contradictions: list[tuple[int, int, str, str]] = field(default_factory=list)  # and the column
    unclear: list[tuple[int, int, str]] = field(default_factory=list)


def multiples(column: str, form: FormPlan) -> set[str]:
    """The texts that state the column's unit or a multiple of it."""
    base = form.bases.get(column, "")
    return {base, *(scale + base for scale in SCALES)} if base else set()


def take_unit(
    stated: StatedUnits, column: str, units: tuple[str, ...], form: FormPlan, position: tuple[int, int, str]
) -> None:
    """Note the unit that a column's own heading states."""
    own = multiples(column, form)
    meant = {form.bases[column] if unit == "" else unit for unit in _complete_units(units, column, form)}
    if not own or not meant:
        return
    if len(meant) == 1 and meant <= own:
        stated.units[column] = meant.pop()
    else:
        stated.contradictions.append((*position, column))


def take_sheet_units(
    stated: StatedUnits, texts: list[tuple[int, int, str]], columns: list[str], form: FormPlan, plan: ReadPlan
) -> None:
    """Note the units that lines, titles and notes state for the columns whose headings state none.

    ``texts``: row, column, folded text. A line with several units states to each column the one that fits it.
    """
    open_columns = [c for c in columns if c in form.units and c not in stated.units]
    for row, position, text in texts:
        said = _parse_unit_line(text, plan)
        if said is None:
            continue
        is_unclear = bool(said.unknown) or not said.units
        for column in open_columns:
            scales = () if column in form.money else tuple(SCALES)
            fitting = multiples(column, form) & set(_complete_units(said.units, column, form, scales))
            if len(fitting) == 1:
                stated.units.setdefault(column, fitting.pop())
            is_unclear = is_unclear or len(fitting) > 1
        if is_unclear:
            stated.unclear.append((row, position, text))


def _complete_units(
    units: tuple[str, ...], column: str, form: FormPlan, left_out: tuple[str, ...] = ()
) -> list[str]:
    """The units, a bare multiple completed by the column's unit: 万 is 万元 in a column of money."""
    base = form.bases.get(column, "")
    return [unit + base if unit in SCALES else unit for unit in units if unit not in left_out]


@lru_cache(maxsize=2_000)
def _parse_unit_line(text: str, plan: ReadPlan) -> UnitWords | None:
    """The units in a line above or below the table; None when it names none."""
    for found in _STATED.finditer(text):
        said = parse_unit_words(found["said"], plan)
        if said.units or (found["sure"] and found["said"]):
            return said
    for bracket in _BRACKET.findall(text):
        said = parse_unit_words(bracket, plan)
        if said.units and not said.unknown and any(_is_multiple(unit) for unit in said.units):
            return said
    return None


def _is_multiple(unit: str) -> bool:
    return any(unit.startswith(scale) for scale in SCALES)
