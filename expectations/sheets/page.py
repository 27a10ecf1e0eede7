"""What every sheet of one issued workbook shares: for whom it is, how it prints, how it is locked."""

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
    """Where the rows of a form stand: sheet, columns, first and last line (from 0), and the column that names a row.

    ``orgs`` is the list of units that a roster's rows may be listed under.
    """

    sheet: str
    columns: tuple[Column, ...]
    first: int
    last: int
    name_column: int
    orgs: str = ""


@dataclass(frozen=True)
class Issue:
    """One workbook being written: for whom, for which year, and where it is written.

    ``rows`` fills while the forms are written: form id -> where its rows stand.
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
    signed: Mapping[str, str] = field(default_factory=dict)  # of a correction workbook: folded label -> text
    rows: dict[str, Rows] = field(default_factory=dict)


def set_print(issue: Issue, sheet: Worksheet, what: str, is_landscape: bool = True) -> None:
    """A4, one page wide, page numbers below; a sample says so at the head of every page."""
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
    """Text over one cell or a merged block (top, left, bottom, right)."""
    top, left, bottom, right = block
    look = issue.styles.named(style)
    if (top, left) == (bottom, right):
        sheet.write_string(top, left, text, look)
    else:
        sheet.merge_range(top, left, bottom, right, text, look)
