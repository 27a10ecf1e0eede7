"""What a heading's text names: the column of a form, this year or last year, and the units in its brackets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from transforms.reading.formats.book import Row
from transforms.reading.plan import FormPlan, ReadPlan
from transforms.reading.stated_units import UnitWords, parse_unit_words
from warehouse.words.folding import drop_brackets, fold

_ENDS = (")", "本年", "本年数", ":")
_THIS_YEAR_END = re.compile(r"(?:\(本年数?\)|本年数?)$")
_LAST_BRACKET = re.compile(r"\(([^()]*)\):?$")
_ANY_BRACKET = re.compile(r"\(([^()]*)\)")
_MARK_END = re.compile(r"(?<=[^\s①-⓿❶-➓⑴-⒛¹²³⁰-₉※†‡])[①-⓿❶-➓⑴-⒛¹²³⁰-₉※†‡]+\s*$")
_NO_WORDS = UnitWords()
_MOST_CELLS_KEPT = 100

Texts = tuple[str, ...]
Columns = Mapping[int, str]


def read_heading_row(row: Row, form: FormPlan, plan: ReadPlan) -> tuple[Texts, Columns]:
    """The folded texts of a row, and the columns that they name by their index."""
    cells = tuple(row)
    # The lines of a head are the same in every workbook of a night, those of data in none.
    is_head = len(cells) <= _MOST_CELLS_KEPT and all(type(cell) is str for cell in cells)
    return _keep_heading_row(cells, form, plan) if is_head else _read_heading_row(cells, form, plan)


def _read_heading_row(cells: tuple[object, ...], form: FormPlan, plan: ReadPlan) -> tuple[Texts, Columns]:
    texts = tuple(heading_text(cell) for cell in cells)
    named = enumerate(texts)
    return texts, {
        c: column for c, text in named if text and (column := interpret_heading(text, form, plan)[0])
    }


_keep_heading_row = lru_cache(maxsize=2_000)(_read_heading_row)


def heading_text(cell: object) -> str:
    """The fold of a heading, without the footnote sign at its end."""
    return _heading_fold(cell) if isinstance(cell, str) else str(cell)


@lru_cache(maxsize=20_000)
def _heading_fold(text: str) -> str:
    return fold(_MARK_END.sub("", text))


def interpret_heading(text: str, form: FormPlan, plan: ReadPlan) -> tuple[str | None, UnitWords]:
    """The column that a folded header text names, and the units in its brackets."""
    if "(" not in text and not text.endswith(_ENDS) and not text.startswith("本年"):
        return form.labels.get(text), _NO_WORDS  # most texts of a sheet are data: return early
    return _interpret_words(text, form, plan)


@lru_cache(maxsize=4_000)  # the workbooks of a night have the same headings
def _interpret_words(text: str, form: FormPlan, plan: ReadPlan) -> tuple[str | None, UnitWords]:
    known = form.labels.get(text)
    if known is not None:
        bracket = _LAST_BRACKET.search(text)
        said = parse_unit_words(bracket[1], plan) if bracket else UnitWords()
        return known, UnitWords(said.units) if not said.unknown else UnitWords()
    ending = _THIS_YEAR_END.search(text)
    if ending and ending.start():
        return interpret_heading(text[: ending.start()], form, plan)
    if text.startswith("本年") and text[2:] in form.labels:
        return form.labels[text[2:]], UnitWords()
    if bracket := _LAST_BRACKET.search(text):  # the last bracket first: the others may belong to the label
        meaning, said = interpret_heading(text[: bracket.start()], form, plan)
        if meaning is not None:
            more = _read_brackets_beyond([bracket[1]], meaning, form, plan)
            return meaning, UnitWords(said.units + more.units, said.unknown + more.unknown)
    loose = drop_brackets(text).rstrip(":")
    meaning = form.labels.get(loose) or form.loose_labels.get(loose)
    if meaning is None:
        return None, UnitWords()
    return meaning, _read_brackets_beyond(_ANY_BRACKET.findall(text), meaning, form, plan)


def _read_brackets_beyond(brackets: list[str], column: str, form: FormPlan, plan: ReadPlan) -> UnitWords:
    """The units in brackets that are no part of a label of the column."""
    units: list[str] = []
    unknown: list[str] = []
    for bracket in brackets:
        if bracket not in form.brackets.get(column, ()):
            said = parse_unit_words(bracket, plan)
            units.extend(said.units)
            unknown += [bracket] if said.unknown else []
    return UnitWords(tuple(units), tuple(unknown))
