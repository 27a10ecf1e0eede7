"""Writes summary tables 汇总表: the forms with a row for each county (or township), signed and stamped by the city."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import NamedTuple

import polars as pl
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from expectations.sheets.form_head import FormHead, write_head, write_header, write_signatures
from expectations.sheets.layout import Column, display_width, sheet_name
from expectations.sheets.page import Issue, set_print, write_block
from expectations.sheets.shown_values import show_value
from expectations.sheets.styles import Styles
from expectations.sheets.validation import Lists
from expectations.workbook.summary_columns import fit_numbers, make_room, summary_columns
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.registry.levels import Level
from warehouse.words.coverage_words import Gap, describe_gaps
from warehouse.words.day_words import moment_words
from warehouse.words.labels import LEVEL
from warehouse.words.number_words import LEGEND, NO_NUMBER, NOT_APPLICABLE, NOT_REPORTED
from warehouse.words.workbook_texts import NOTE

_ADDED_UP = ("count", "cny")
_LINE, _NOTE, _TOTAL = 17.0, 14.0, 20.0  # heights in points


class Sum(NamedTuple):
    """A measure summed over a unit and all below it, or said of the city's own level alone; counts as in coverage."""

    value: float | None
    state: str
    reported_count: int | None = None
    expected_count: int | None = None


Sums = dict[tuple[str, bool, str], Sum]
"""Org_code, whether it is the unit's own without those below, measure -> sum."""


class _Row(NamedTuple):
    """A row of a summary table: a county, a township, or the city's own level (``is_own``)."""

    org_code: str
    name: str
    level: Level
    is_own: bool = False

    @property
    def below(self) -> tuple[Level, ...]:
        """The levels whose numbers count for the row."""
        if self.is_own:
            return (self.level,)
        return ("township", "village") if self.level == "township" else ("county", "township", "village")


@dataclass(frozen=True)
class Summary:
    """Which tables are written: forms of a year, and whether counties alone or their townships too have a row.

    ``created``: when the numbers were published (Beijing time).
    """

    catalogue: Catalogue
    year: int
    forms: tuple[Form, ...]
    level: Level
    created: datetime | None = None


def write_summary(path: Path, summary: Summary, sums: Sums) -> None:
    """Write a workbook with a sheet for each form to ``path`` (its folder exists). The same inputs give the same bytes."""
    catalogue, year = summary.catalogue.in_year(summary.year), summary.year
    city = catalogue.settings.city
    with Workbook(str(path), {"in_memory": True, "strings_to_formulas": False}) as book:
        issue = Issue(
            book=book,
            styles=Styles(book),
            lists=Lists(),
            catalogue=catalogue,
            unit_code=city.code,
            unit_name=city.association,
            unit_level="city",
            year=year,
            has_prior=False,
            is_sample=False,
        )
        for form in summary.forms:
            _write_sheet(issue, catalogue.forms[form.id], summary, sums)
        book.set_properties(
            {
                "title": f"{city.association}统计年报汇总表（{year}年）",
                "author": city.association,
                "company": city.association,
                "created": summary.created or datetime(year + 1, 1, 1, tzinfo=UTC),
            }
        )


def _write_sheet(issue: Issue, form: Form, summary: Summary, sums: Sums) -> None:
    stated = f"汇总单位：{issue.unit_name}"
    columns = summary_columns(issue.catalogue, form, issue.year)
    columns = fit_numbers(columns, ((name, found.value) for (_, _, name), found in sums.items()))
    columns = make_room(columns, stated)
    sheet = issue.book.add_worksheet(sheet_name(form))
    sheet.set_default_row(_LINE)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, round(column.width, 1))
    rows = list(_list_rows(issue, form, summary.level))
    deepest: Level = "township" if any(row.level == "township" for row in rows) else "county"
    divided = f"分{LEVEL[deepest]}" if len(rows) > 1 else ""
    title = f"{form.title}{divided}汇总表"
    units = form.unit_text(column.field for column in columns if column.field)
    head = FormHead(title, form.number, stated, units)
    line = write_head(issue, sheet, head, columns)
    first = write_header(issue, sheet, columns, line)
    after = _write_rows(issue, sheet, form, columns, rows, first, sums)
    notes = [*_list_notes(issue, form, columns, rows, sums), *_describe_moment(summary)]
    room = sum(column.width for column in columns) - 2
    for number, text in enumerate(notes, start=1):
        write_block(sheet, (after, 0, after, len(columns) - 1), f"{NOTE}{number}：{text}", issue, "note")
        sheet.set_row(after, _NOTE * ceil((display_width(text) + 6) / room))
        after += 1
    write_signatures(issue, sheet, len(columns), after)
    sheet.freeze_panes(first, 2)
    sheet.repeat_rows(line, first - 1)
    set_print(issue, sheet, f"{form.number}　{title}")
    sheet.ignore_errors({"number_stored_as_text": f"A1:B{after + 1}"})


def _list_rows(issue: Issue, form: Form, level: Level) -> Iterator[_Row]:
    """Counties in the order of their codes, townships under theirs, at the end the city's own level where it reports."""
    units = issue.catalogue.registry.units(issue.year).sort("org_code")
    counties = units.filter(pl.col("level") == "county").select("org_code", "name").rows()
    townships = units.filter(pl.col("level") == "township").select("org_code", "name", "county_code").rows()
    is_split = level == "township" and bool({"township", "village"} & set(form.levels))
    if "county" in form.reported_by:
        for code, name in counties:
            yield _Row(code, name, "county")
            if is_split:
                yield from (_Row(c, n, "township") for c, n, county in townships if county == code)
    if "city" in form.reported_by:
        city = issue.catalogue.settings.city
        yield _Row(city.code, city.own_level_name, "city", is_own=True)


def _write_rows(
    issue: Issue,
    sheet: Worksheet,
    form: Form,
    columns: Sequence[Column],
    rows: Sequence[_Row],
    first: int,
    sums: Sums,
) -> int:
    """The rows, and 合计 under them; returns the line after."""
    get_style = issue.styles.get
    is_split = any(row.level == "township" for row in rows)
    for line, row in enumerate(rows, start=first):
        sheet.write_string(line, 0, row.org_code, get_style("code"))
        look = "name_upper" if is_split and row.level != "township" else "name"
        sheet.write_string(line, 1, row.name, get_style(look))
        for index, field in _list_fields(columns):
            if _is_asked(form, field, row):
                _write_sum(issue, sheet, line, index, field, sums.get((row.org_code, row.is_own, field.id)))
            else:
                sheet.write_string(line, index, NOT_APPLICABLE, get_style("closed"))
    total = first + len(rows)
    words = issue.catalogue.settings.words
    write_block(sheet, (total, 0, total, 1), words.total_row[0], issue, "total_label")
    for index, field in _list_fields(columns):
        if field.type in _ADDED_UP:
            found = sums.get((issue.unit_code, False, field.id))
            _write_sum(issue, sheet, total, index, field, found, "total")
        else:
            sheet.write_string(total, index, NOT_APPLICABLE, get_style("total_dash"))
    sheet.set_row(total, _TOTAL)
    return total + 1


def _write_sum(
    issue: Issue,
    sheet: Worksheet,
    line: int,
    index: int,
    field: Field,
    found: Sum | None,
    role: str = "summed",
) -> None:
    """A sum in the unit of the form, or the mark of the legend; … where nothing is known of it."""
    style = issue.styles.get_for_value(role, field.type)
    value = show_value(field, found.value, issue.catalogue.settings.words) if found else None
    if isinstance(value, int | float):
        sheet.write_number(line, index, value, style)
    else:
        mark = NO_NUMBER.get(found.state, NOT_REPORTED) if found else NOT_REPORTED
        sheet.write_string(line, index, mark, style)


def _is_asked(form: Form, field: Field, row: _Row) -> bool:
    """Whether the number is asked of the row, or of a unit below it."""
    count = next((c for c in form.counts if c.id == field.id), None)
    levels = (count.levels or form.levels) if count else form.levels_of(form.field(field.id))
    return bool(set(levels) & set(row.below))


def _list_fields(columns: Sequence[Column]) -> Iterator[tuple[int, Field]]:
    return ((index, column.field) for index, column in enumerate(columns) if column.field is not None)


def _list_notes(
    issue: Issue, form: Form, columns: Sequence[Column], rows: Sequence[_Row], sums: Sums
) -> Iterator[str]:
    """The legend, what is counted, and whose numbers are missing in which sums."""
    yield LEGEND.removeprefix("图例：")
    counted = [column.number for column in columns if column.field and _is_count(form, column.field)]
    if form.is_roster:
        yield "本表按各单位报送的名册逐行计数汇总，名册全文见各单位报表。"
    elif counted:
        span = counted[0] if len(counted) == 1 else f"{counted[0]}—{counted[-1]}"
        yield f"第{span}栏由各单位报表逐行计数汇总，不是下发报表中的栏目。"
    shown = [_Row(issue.unit_code, "全市合计", "city"), *rows]
    yield from describe_gaps(
        Gap(f"{issue.year}年", row.name, found.reported_count, found.expected_count, field.label)
        for row in shown
        for _, field in _list_fields(columns)
        if (found := sums.get((row.org_code, row.is_own, field.id))) is not None and found.value is not None
    )


def _describe_moment(summary: Summary) -> Iterator[str]:
    """Of when the numbers are."""
    if summary.created is not None:
        yield f"数据为{moment_words(summary.created)}公布。"


def _is_count(form: Form, field: Field) -> bool:
    return any(count.id == field.id for count in form.counts)
