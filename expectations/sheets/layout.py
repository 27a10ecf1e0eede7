"""The layout of a form's sheet: columns, header lines and rows, independent of the file format.

Rows and columns count from 0.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import polars as pl

from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form, in_force
from warehouse.registry.levels import Level
from warehouse.words.workbook_texts import SERIAL

Role = Literal["org_code", "org_name", "parent_name", "serial", "roster_org", "field", "prior"]
_STEMS = "甲乙丙丁戊己庚辛"
_ILLEGAL = re.compile(r"[\[\]:*?/\\']")
SHEET_NAME_LIMIT = 31
NARROWEST_SHEET = 104.0  # so that the head's left and right blocks find room on a form of few columns


@dataclass(frozen=True)
class Column:
    """A column of a form's sheet; ``number`` is what the line of column numbers shows (甲 乙 … or 1 2 …)."""

    role: Role
    label: str
    number: str
    width: float
    field: Field | None = None


@dataclass(frozen=True)
class Span:
    """A header text over one cell or a merged block; lines count from the first header line."""

    top: int
    left: int
    bottom: int
    right: int
    text: str


def display_width(text: str) -> int:
    """Width in character cells: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def sheet_name(form: Form) -> str:
    """``年1表 计生协组织建设情况``: number and title, legal as a sheet name."""
    return legal_sheet_name(f"{form.number} {form.title}")


def legal_sheet_name(text: str, limit: int = SHEET_NAME_LIMIT) -> str:
    """``text`` as spreadsheets allow it for a sheet."""
    return _ILLEGAL.sub("·", text)[:limit]


def unit_level(catalogue: Catalogue, unit_code: str, year: int) -> str:
    """``city`` or ``county``; KeyError when nobody with this code reports in ``year``."""
    roster = catalogue.registry.roster(year).filter(pl.col("unit_code") == unit_code)
    if roster.is_empty():
        raise KeyError(f"{unit_code} is not a reporting unit of {year}")
    return str(roster.item(0, "unit_level"))


def unit_name(catalogue: Catalogue, unit_code: str, year: int) -> str:
    """The reporting unit's name as forms print it; the city's own level has a name of its own."""
    if unit_code == catalogue.settings.city.code:
        return catalogue.settings.city.own_level_name
    roster = catalogue.registry.roster(year).filter(pl.col("unit_code") == unit_code)
    return str(roster.item(0, "unit_name"))


def unit_rows(catalogue: Catalogue, unit_code: str, levels: Iterable[Level], year: int) -> pl.DataFrame:
    """The org units a reporting unit answers for at ``levels``: org_code (key), name, level, parent_name.

    Ordered as a clerk reads them: the county, then each township followed by its villages. ``parent_name`` is the
    township's name for a village, else null.
    """
    units = catalogue.registry.units(year)
    is_city = unit_code == catalogue.settings.city.code
    own = (
        units.filter(pl.col("org_code") == unit_code)
        if is_city
        else units.filter(pl.col("county_code") == unit_code)
    )
    names = units.select(township_code="org_code", township_name="name")
    return (
        own.filter(pl.col("level").is_in(list(levels)))
        .join(names, on="township_code", how="left")
        .sort("township_code", "org_code", nulls_last=False)
        .select(
            "org_code",
            "name",
            "level",
            parent_name=pl.when(pl.col("level") == "village").then("township_name"),
        )
    )


def form_columns(
    catalogue: Catalogue, form: Form, level: str, year: int, has_prior: bool
) -> tuple[Column, ...]:
    """The columns of the sheet of ``form`` in the workbook of a unit of ``level``, left to right.

    Each field of a units form that was asked last year too is followed by last year's column when ``has_prior``.
    """
    headers = catalogue.settings.row_headers
    levels = catalogue.row_levels(form, level)
    stubs: list[tuple[Role, str, float]]
    if form.is_roster:
        stubs = [("serial", SERIAL, 6.0)]
        if any(lv != level for lv in levels):
            stubs.append(("roster_org", headers.roster_org.label, 18.0))
    else:
        stubs = [("org_code", headers.org_code.label, 14.0), ("org_name", headers.org_name.label, 22.0)]
        if "village" in levels:
            stubs.append(("parent_name", headers.parent_name.label, 16.0))
    columns = [
        Column(role, label, stem, width) for (role, label, width), stem in zip(stubs, _STEMS, strict=False)
    ]
    for number, field in enumerate(form.fields_at(levels, year), start=1):
        pair = has_prior and not form.is_roster and all(in_force(r, year - 1) for r in (form, field))
        width = _field_width(catalogue, field, pair)
        columns.append(Column("field", field.label, str(number), width, field))
        if pair:
            columns.append(Column("prior", field.label, "", width, field))
    return _widen_columns(columns)


def _field_width(catalogue: Catalogue, field: Field, is_pair: bool) -> float:
    """Wide enough for the values and, over two lines or three, for the label."""
    per_column = 2 if is_pair else 1
    for_label = display_width(field.label) / 2 / per_column + 3.0
    if field.type == "text":
        return 40.0 if not is_pair else 18.0
    if field.type == "code":
        labels = catalogue.code_lists[field.codes or ""].labels
        return max(for_label, min(max(display_width(label) for label in labels), 26) * 0.72 + 3)
    if field.type == "date":
        return max(for_label, 12.0)
    if field.type == "cny":
        return max(for_label, 13.0)
    return max(for_label, 8.5 if is_pair else 9.0)


def _widen_columns(columns: list[Column]) -> tuple[Column, ...]:
    total = sum(c.width for c in columns)
    filled = [c for c in columns if c.role in ("field", "prior")]
    if total >= NARROWEST_SHEET or not filled:
        return tuple(columns)
    more = (NARROWEST_SHEET - total) / len(filled)
    return tuple(
        Column(c.role, c.label, c.number, c.width + more, c.field) if c.role in ("field", "prior") else c
        for c in columns
    )


def header_spans(columns: tuple[Column, ...]) -> tuple[list[Span], int]:
    """The header blocks and how many lines they take, the line of column numbers included.

    Lines: groups (when a field has one), labels, 本年 | 上年 (when there are columns of last year), column numbers.
    """
    has_groups = any(c.field is not None and c.field.group for c in columns)
    has_prior = any(c.role == "prior" for c in columns)
    label_line = 1 if has_groups else 0
    sub_line = label_line + 1 if has_prior else label_line
    number_line = sub_line + 1
    spans: list[Span] = []
    at = 0
    for key, members in groupby(columns, key=lambda c: c.field.group if c.field else None):
        block = list(members)
        if key:
            spans.append(Span(0, at, 0, at + len(block) - 1, key))
        left = at
        for _, pair in groupby(block, key=lambda c: c.role if c.field is None else f"field {c.field.id}"):
            size = len(list(pair))
            top = label_line if key else 0
            bottom = label_line if size > 1 else sub_line
            spans.append(Span(top, left, bottom, left + size - 1, columns[left].label))
            if size > 1:
                spans.append(Span(sub_line, left, sub_line, left, "本年"))
                spans.append(Span(sub_line, left + 1, sub_line, left + 1, "上年"))
            spans.append(Span(number_line, left, number_line, left + size - 1, columns[left].number))
            left += size
        at += len(block)
    return spans, number_line + 1


def head_blocks(columns: tuple[Column, ...]) -> tuple[int, int]:
    """Last column of the head's left block and first column of its right block; at least one lies between."""
    last = len(columns) - 1
    left, width = 0, columns[0].width
    while width < 26 and left < last - 2:
        left += 1
        width += columns[left].width
    right, width = last, columns[last].width
    while width < 34 and right > left + 2:
        right -= 1
        width += columns[right].width
    return left, right
