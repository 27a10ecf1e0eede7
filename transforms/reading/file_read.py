"""What reading finds in a file: the sheets that are forms, what stands beside them, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from transforms.reading.apply_marks import Problem
from transforms.reading.explanation_boxes import Answer
from transforms.reading.rest import Rest


@dataclass(slots=True)
class SheetRead:
    """One sheet that is a form.

    ``rows``: ``row`` (UInt32, 1-based in the file), ``is_hidden``, ``lead`` (text of the first column where that is
    neither field nor org unit: 合计 often stands under 序号) and one String column per recognised column
    (org_code, org_name, parent_name, fields): '' is blank, numbers as Python writes them, dates as ISO.
    """

    form: str
    sheet: str
    is_hidden: bool
    columns: dict[str, str]  # column -> letter
    units: dict[str, str]  # column -> unit stated in its header, folded
    rows: pl.DataFrame
    head: dict[str, str] = field(default_factory=dict)  # unit, year and form in the lines above the table


@dataclass(slots=True)
class FileRead:
    """The content of a file. ``status`` is 'read' or the rule id of a refusal; cells of problems are A1 addresses.

    ``problems`` have the keys form, rule, sheet, cell, field, value, detail of PROBLEM, ``answers`` those of ANSWER
    without submission.
    """

    status: str
    kind: str = ""  # xlsx, xlsm, xls, xlsb, ods, csv, zip
    detail: str = ""  # of a refusal, in Chinese for the clerk
    cause: str = ""  # of a refusal, for the log
    members: list[tuple[str, bytes]] = field(default_factory=list)  # of a refusal: the workbooks inside
    cover: dict[str, str] = field(default_factory=dict)  # unit_name, unit_code, year ... -> text
    sheets: list[SheetRead] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    rest: list[Rest] = field(default_factory=list)  # cells beside the forms
    answered: str = ""  # the submission that a correction workbook answers
