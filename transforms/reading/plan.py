"""The lookups of a catalogue that a child process needs to read a workbook; small and picklable."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from warehouse.words.folding import drop_brackets, fold
from warehouse.words.scales import SCALES

if TYPE_CHECKING:
    from warehouse.catalogue.load import Catalogue
    from warehouse.catalogue.models import Form

_SPARE_ROWS = 500
_COUNTY_DIGITS = 6
ROW_COLUMNS = ("org_code", "org_name", "parent_name")
"""The columns that identify a row's org unit."""


@dataclass(frozen=True, slots=True)
class FormPlan:
    """The texts by which one form is recognised, all folded (:func:`warehouse.words.folding.fold`)."""

    id: str
    number: str
    title: str
    aliases: tuple[str, ...]
    labels: dict[str, str]  # label -> column: a field or one of ROW_COLUMNS
    loose_labels: dict[str, str]  # the same without bracketed parts, where that stays unambiguous
    brackets: dict[str, frozenset[str]]  # column -> the bracketed parts of its labels
    groups: frozenset[str]
    is_roster: bool
    money: frozenset[str]
    units: dict[str, str]  # number field -> the unit it is filled in
    bases: dict[str, str]  # number field -> its unit; the same but for fields that are filled in 万元
    types: dict[str, str]  # field -> its type

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def numbers(self) -> Set[str]:
        """The fields that are numbers."""
        return self.units.keys()


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Lookups for the forms and the clerks' words of one catalogue; all texts folded."""

    forms: tuple[FormPlan, ...]
    cover_labels: dict[str, str]  # label -> cover key (unit_name, unit_code, year, ...)
    cover_sheets: frozenset[str]
    other_sheets: frozenset[str]
    ignored_columns: frozenset[str]
    note_prefixes: tuple[str, ...]
    empty_explanations: frozenset[str]  # texts that are no explanation by themselves
    empty_remarks: frozenset[str]  # brackets that do not change a heading's meaning
    units: frozenset[str]  # texts that may stand in a header as unit: 人, 元, 万元 ...
    most_rows: int  # that a form can have: the units of the largest county, and as many again to spare

    def __hash__(self) -> int:
        return hash(self.units)


@lru_cache(maxsize=2)
def keep_plan(plan: ReadPlan) -> ReadPlan:
    """The plan that came first of those that are equal: one comes with every file, and what was found with it is kept."""
    return plan


def make_reading_plan(catalogue: Catalogue) -> ReadPlan:
    """The lookups of ``catalogue``."""
    settings = catalogue.settings
    words = settings.words
    units = {
        unit
        for form in catalogue.forms.values()
        for unit in (
            *(u for f in form.fields for u in (f.unit, f.entry_unit)),
            *(c.unit for c in form.counts),
        )
        if unit
    }
    return ReadPlan(
        forms=tuple(_make_form_plan(catalogue, form) for form in catalogue.forms.values()),
        cover_labels={fold(text): key for key, texts in settings.cover_labels.items() for text in texts},
        cover_sheets=_fold_all(words.cover_sheet),
        other_sheets=_fold_all(words.other_sheets),
        ignored_columns=_fold_all(words.ignored_columns),
        note_prefixes=tuple(sorted(_fold_all((*words.note_row_prefix, words.sample_mark)))),
        empty_explanations=_fold_all(words.empty_explanations),
        empty_remarks=_fold_all(words.empty_remarks),
        units=frozenset(fold(scale + unit) for unit in units for scale in ("", *SCALES)),
        most_rows=_SPARE_ROWS + 2 * _count_largest_county(catalogue),
    )


def _count_largest_county(catalogue: Catalogue) -> int:
    """The number of units in the largest county of any year."""
    counties = catalogue.registry.all_units["org_code"].str.slice(0, _COUNTY_DIGITS)
    return int(counties.value_counts()["count"].max() or 0)  # type: ignore[arg-type]


def _fold_all(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(fold(text) for text in texts)


def _make_form_plan(catalogue: Catalogue, form: Form) -> FormPlan:
    heads = catalogue.settings.row_headers
    labels: dict[str, str] = {}
    # A field's own label comes before an alias, and fields before the row's headers: 名称 is a roster's field.
    for field in form.fields:
        labels.setdefault(fold(field.label), field.id)
    for field in form.fields:
        for alias in field.all_labels:
            labels.setdefault(fold(alias), field.id)
    org = heads.roster_org if form.is_roster else heads.org_name
    named = [("org_code", heads.org_code), ("org_name", org)]
    if not form.is_roster:
        named.append(("parent_name", heads.parent_name))
    for column, head in named:
        labels.setdefault(fold(head.label), column)
    for column, head in named:
        for alias in head.aliases:
            labels.setdefault(fold(alias), column)
    return FormPlan(
        id=form.id,
        number=fold(form.number),
        title=fold(form.title),
        aliases=tuple(fold(alias) for alias in form.aliases),
        labels=labels,
        loose_labels=_drop_heading_brackets(labels),
        brackets=_list_brackets(labels),
        groups=frozenset(fold(f.group) for f in form.fields if f.group),
        is_roster=form.is_roster,
        money=frozenset(f.id for f in form.fields if f.type == "cny"),
        units={f.id: fold(f.stated_unit) for f in form.fields if f.is_numeric},
        bases={f.id: fold(f.unit) for f in form.fields if f.is_numeric and f.unit},
        types={f.id: f.type for f in form.fields},
    )


def _list_brackets(labels: dict[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for label, column in labels.items():
        found.setdefault(column, set()).update(re.findall(r"\(([^()]*)\)", label))
    return {column: frozenset(texts) for column, texts in found.items()}


def _drop_heading_brackets(labels: dict[str, str]) -> dict[str, str]:
    meant: dict[str, set[str]] = {}
    for label, column in labels.items():
        meant.setdefault(drop_brackets(label), set()).add(column)
    return {label: columns.pop() for label, columns in meant.items() if label and len(columns) == 1}
