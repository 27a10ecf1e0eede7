"""What all sheets of one issued workbook share: unit and year, styles, print settings, protection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from expectations.rulebook.rulebook import CheckName, Rule
from expectations.sheets.layout import Column
from expectations.sheets.question_marks import Marks
from expectations.sheets.styles import Styles
from expectations.sheets.validation import Lists
from warehouse.catalogue.load import Catalogue

PROTECTION = {"format_columns": True, "format_rows": True, "format_cells": False}


@dataclass(frozen=True)
class Rows:
    """The rows of a form: sheet, columns, first and last line, and the column that names a row; all from 0.

    ``orgs``: the reference of the units that a roster's rows may belong to.
    """

    sheet: str
    columns: tuple[Column, ...]
    first: int
    last: int
    name_column: int
    orgs: str = ""


@dataclass(frozen=True)
class Issue:
    """One workbook that is being written.

    ``rows``: form id -> its rows, filled while the forms are written.
    """

    book: Workbook
    styles: Styles
    lists: Lists
    catalogue: Catalogue
    unit_code: str
    unit_name: str
    unit_level: str
    year: int
    has_prior: bool
    is_sample: bool
    live_checks: tuple[Rule, ...] = ()
    column_rules: Mapping[CheckName, Rule] = field(default_factory=dict)
    reading_rules: Mapping[str, Rule] = field(default_factory=dict)
    is_correction: bool = False
    marks: Marks = field(default_factory=Marks)
    signed: Mapping[str, str] = field(
        default_factory=dict
    )  # in a correction workbook: folded label of the cover -> text
    rows: dict[str, Rows] = field(default_factory=dict)


def set_print(issue: Issue, sheet: Worksheet, what: str, is_landscape: bool = True) -> None:
    """Set A4, one page wide, page numbers, and on a sample the sample mark on every page."""
    sheet.set_paper(9)
    if is_landscape:
        sheet.set_landscape()
    else:
        sheet.set_portrait()
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
    font = '&"SimSun,Regular"&9 '
    sheet.set_footer(f"&L{font}{issue.unit_name} {issue.year}年&C{font}第 &P 页　共 &N 页&R{font}{what}")
    if issue.is_sample:
        mark = issue.catalogue.settings.words.sample_mark
        sheet.set_header(f'&C&"SimHei,Regular"&10&KC00000 {mark}（虚构，仅供演示）')


def write_block(
    sheet: Worksheet, block: tuple[int, int, int, int], text: str, issue: Issue, style: str
) -> None:
    """Write text into one cell or a merged block (top, left, bottom, right)."""
    top, left, bottom, right = block
    look = issue.styles.get(style)
    if (top, left) == (bottom, right):
        sheet.write_string(top, left, text, look)
    else:
        sheet.merge_range(top, left, bottom, right, text, look)
