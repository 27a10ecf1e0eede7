"""What the bulletin says of a programme: the catalogue's sentences, filled with the year's numbers of the whole city.

A number that is missing, not published or not comparable with last year's has nothing to say: see
:mod:`warehouse.catalogue.bulletin` for what is then left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from warehouse.catalogue.bulletin import YEAR, parse_placeholder
from warehouse.words.coverage_words import WHOLE
from warehouse.words.enumerations import name_units
from warehouse.words.filled_sentences import fill_or_drop, placeholders
from warehouse.words.number_words import round_half_up
from warehouse.words.printed_numbers import print_difference, print_growth, print_number, print_pct

_SENTENCE = re.compile(r"[^。]+。?")
_BLANKS = re.compile(r"\s+")
_HIGHEST = 3


@dataclass(frozen=True)
class Numbers:
    """The numbers that sentences of ``year`` take theirs from: FIGURES of the year, of the city and its counties.

    ``missing``: names of the units whose report of the year is not in them.
    """

    year: int
    figures: pl.DataFrame
    missing: tuple[str, ...] = ()

    @cached_property
    def of_city(self) -> dict[str, dict[str, Any]]:
        """Indicator -> its row for the whole city, of those with a number."""
        rows = self.figures.filter(pl.col("org_level") == "city", pl.col("value").is_not_null())
        return {row["indicator"]: row for row in rows.iter_rows(named=True)}

    def say(self, written: str) -> str | None:
        """The text of a placeholder; None where there is nothing to say."""
        if written == YEAR:
            return str(self.year)
        asked = parse_placeholder(written)
        row = self.of_city.get(asked.indicator)
        if row is None:
            return None
        match asked.aspect:
            case "growth":
                known = row["change"] is not None
                return print_growth(row["change"], row["change_pct"], row["unit"]) if known else None
            case "difference":
                known = row["change"] is not None
                return print_difference(row["change"], row["unit"], row["decimals"]) if known else None
            case "highest":
                return self._name_highest(asked.indicator)
        return print_number(row["value"], row["unit"], asked.picture, row["decimals"])

    def _name_highest(self, indicator: str) -> str | None:
        """The counties with the highest numbers, as shown; None where one is missing, or a place is shared at the end."""
        rows = self.figures.filter(pl.col("org_level") == "county", pl.col("indicator") == indicator)
        rows = rows.filter(pl.col("state") != "not_applicable")
        if rows.height <= _HIGHEST or rows["value"].null_count():
            return None
        shown = [
            (round_half_up(r["value"], r["decimals"]), r["org_name"]) for r in rows.iter_rows(named=True)
        ]
        shown.sort(key=lambda said: -said[0])
        if shown[_HIGHEST - 1][0] == shown[_HIGHEST][0]:
            return None
        return "、".join(name for _, name in shown[:_HIGHEST])


@dataclass(frozen=True)
class Said:
    """What is said: the sentences, and which of the indicators that they speak of do not cover all units."""

    sentences: tuple[str, ...]
    indicators: tuple[str, ...]
    note: str

    @property
    def text(self) -> str:
        """The paragraph."""
        return "".join([*self.sentences, self.note])


def say(text: str, numbers: Numbers) -> Said:
    """The sentences of ``text`` that have something to say."""
    sentences, told = [], list[str]()
    for template in _SENTENCE.findall(_BLANKS.sub("", text)):
        asked = placeholders(template)
        values = {written: numbers.say(written) for written in sorted(asked)}
        if (filled := fill_or_drop(template, values)) is not None:
            sentences.append(filled)
            told += [parse_placeholder(w).indicator for w in asked - {YEAR} if values[w] is not None]
    named = tuple(dict.fromkeys(told))
    return Said(tuple(sentences), named, _note_coverage(numbers, named))


def _note_coverage(numbers: Numbers, indicators: Iterable[str]) -> str:
    """A sentence where not all units stand behind the numbers; '' where they do."""
    known = [numbers.of_city[i]["coverage_pct"] for i in indicators if i in numbers.of_city]
    partial = sorted(pct for pct in known if pct is not None and pct < WHOLE)
    if not partial:
        return ""
    which = "以上数据" if len(partial) == len(known) else "以上部分数据"
    if numbers.missing:
        return f"{which}未含{name_units(numbers.missing)}本年数。"
    shown = list(dict.fromkeys(f"{print_pct(pct)}%" for pct in (partial[0], partial[-1])))
    return f"{which}不含未填报的单位，覆盖率为{'—'.join(shown)}。"
