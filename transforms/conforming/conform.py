"""Turns what clerks wrote into typed values with states: all files of a batch in one pass per form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import partial

import polars as pl

from transforms.conforming.heads import HEADS, find_head_contradictions
from transforms.conforming.odd_cells import parse_odd_cells
from transforms.conforming.problems import (
    find_missing_parts,
    find_part_rows,
    find_unit_problems,
    find_value_problems,
    list_value_notes,
    locate_row_problems,
)
from transforms.conforming.row_kinds import ROWS, assign_rows
from transforms.conforming.typed_values import (
    convert_plain_values,
    finish_values,
    read_header_scales,
    select_odd_cells,
)
from transforms.conforming.unread_cells import list_unread_rows
from transforms.reading.file_read import FileRead
from warehouse.catalogue.frames import (
    ANSWER,
    DECLARED_EMPTY,
    NOTE,
    PROBLEM,
    UNREAD,
    Answers,
    Notes,
    Problems,
    Submissions,
    empty,
    shaped,
)
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form
from warehouse.words.folding import BLANK, map_unique

COLUMNS = {
    "submission": pl.String,
    "form": pl.String,
    "sheet": pl.String,
    "field": pl.String,  # a field or org_code, org_name, parent_name
    "column": pl.String,  # letter
    "unit": pl.String,  # unit that the header states, folded; null: none
}
"""The column letter of each field in each file's sheet. Key: submission, form, field."""


UNIT_YEAR = {"submission": pl.String, "unit_code": pl.String, "year": pl.Int32}


@dataclass(frozen=True)
class RawBatch:
    """The texts of a batch's files, as written.

    ``forms``: form id -> rows of all files: submission, unit_code, year, sheet, row, is_hidden, lead, org_code,
    org_name, parent_name and the form's fields, all texts; null is blank. ``columns``: COLUMNS.
    ``problems``: PROBLEM. ``answers``: ANSWER. ``heads``: HEADS. ``rest``: UNREAD, own columns and the cover.
    """

    forms: dict[str, pl.DataFrame]
    columns: pl.DataFrame
    problems: Problems
    answers: Answers
    heads: pl.DataFrame
    rest: pl.DataFrame


@dataclass(frozen=True)
class Conformed:
    """The typed rows of a batch.

    ``forms``: form id -> submission, unit_code, year, sheet, row, row_kind (data | total), org_code, org_name,
    org_level, item, then each field typed, its ``<field>__state`` (value | zero | not_applicable | not_reported), and
    ``<field>__is_unreadable``: the cell has content that cannot be read; its state is not_reported, and it is a problem.
    Rows whose unit is not known and second rows of a unit are left out, each with a problem.
    ``declared_empty``: submission, form of rosters that say 无. ``answers``: ANSWER.
    ``submissions``: submission, unit_code, year of all files, including those without a row. ``unread``: UNREAD.
    """

    forms: dict[str, pl.DataFrame] = field(default_factory=dict)
    columns: pl.DataFrame = field(default_factory=partial(empty, COLUMNS))
    notes: Notes = field(default_factory=partial(empty, NOTE))
    problems: Problems = field(default_factory=partial(empty, PROBLEM))
    declared_empty: pl.DataFrame = field(default_factory=partial(empty, DECLARED_EMPTY))
    submissions: Submissions = field(default_factory=partial(empty, UNIT_YEAR))
    answers: Answers = field(default_factory=partial(empty, ANSWER))
    unread: pl.DataFrame = field(default_factory=partial(empty, UNREAD))

    def select_submissions(self, submissions: Collection[str]) -> Conformed:
        """The rows of these submissions in every frame."""
        wanted = pl.col("submission").is_in(list(submissions))
        frames = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "forms"}
        return Conformed(
            forms={id: rows.filter(wanted) for id, rows in self.forms.items()},
            **{name: frame.filter(wanted) for name, frame in frames.items()},
        )


def assemble(reads: Mapping[str, FileRead], submissions: Submissions) -> RawBatch:
    """Put the sheets of all files together. ``reads``: sha256 -> FileRead; ``submissions``: SUBMISSION frame.

    Only files that are in both and could be read are used; unit and year come from ``submissions``.
    """
    known = {s: (u, y) for s, u, y in submissions.select("submission", "unit_code", "year").iter_rows()}
    taken = [(sha256, read) for sha256, read in reads.items() if read.status == "read" and sha256 in known]
    sheets: dict[str, list[tuple[str, str, pl.DataFrame]]] = {}
    for sha256, read in taken:
        for sheet in read.sheets:
            sheets.setdefault(sheet.form, []).append((sha256, sheet.sheet, sheet.rows))
    forms = {}
    for form, found in sheets.items():
        keys = pl.DataFrame(
            [(sha256, *known[sha256], sheet, rows.height) for sha256, sheet, rows in found],
            schema={
                "submission": pl.String,
                "unit_code": pl.String,
                "year": pl.Int32,
                "sheet": pl.String,
                "height": pl.UInt32,
            },
            orient="row",
        )
        key_of_row = keys.select(pl.exclude("height").repeat_by("height")).explode(
            pl.selectors.all(), empty_as_null=False
        )
        rows = pl.concat([rows for _, _, rows in found], how="diagonal")
        assert key_of_row.height == rows.height, "every row belongs to one file"
        forms[form] = pl.concat(
            [key_of_row, rows.with_columns(_clean_texts(pl.col(pl.String)))], how="horizontal"
        )
    columns = [
        (sha256, sheet.form, sheet.sheet, name, letter, sheet.units.get(name))
        for sha256, read in taken
        for sheet in read.sheets
        for name, letter in sheet.columns.items()
    ]
    problems = [{"submission": sha256, **problem} for sha256, read in taken for problem in read.problems]
    heads = [
        (sha256, sheet.form, sheet.sheet, key, text)
        for sha256, read in taken
        for sheet in read.sheets
        for key, text in sheet.head.items()
    ]
    rest = [{"submission": sha256, **cell} for sha256, read in taken for cell in read.rest]
    answers = [{"submission": sha256, **answer} for sha256, read in taken for answer in read.answers]
    return RawBatch(
        forms,
        pl.DataFrame(columns, schema=COLUMNS, orient="row"),
        shaped(pl.DataFrame(problems, infer_schema_length=None), PROBLEM) if problems else empty(PROBLEM),
        pl.DataFrame(answers, schema=ANSWER),
        pl.DataFrame(heads, schema=HEADS, orient="row"),
        shaped(pl.DataFrame(rest, infer_schema_length=None), UNREAD) if rest else empty(UNREAD),
    )


def conform(raw: RawBatch, submissions: Submissions, catalogue: Catalogue) -> Conformed:
    """Type every cell, find the unit of every row, and list what cannot be read (PROBLEM) and what was normalised (NOTE)."""
    forms = {
        id: _index_rows(frame, catalogue.forms[id])
        for id, frame in raw.forms.items()
        if id in catalogue.forms
    }
    rows = assign_rows(_gather_rows(forms, catalogue), catalogue)
    scales = read_header_scales(raw.columns, catalogue)
    plain = {
        id: convert_plain_values(frame, catalogue.forms[id], scales, catalogue) for id, frame in forms.items()
    }
    cells = parse_odd_cells(select_odd_cells(forms, plain, rows, scales, catalogue), catalogue)
    cells_of = {id: part for (id,), part in cells.group_by("form", maintain_order=True)}
    rows_of = {id: part for (id,), part in rows.group_by("form", maintain_order=True)}
    conformed = {
        id: finish_values(frame, plain[id], cells_of.get(id), rows_of.get(id, rows.clear()))
        for id, frame in forms.items()
    }
    parts = [
        locate_row_problems(raw.problems, rows, catalogue),
        find_missing_parts(raw.columns, submissions, catalogue),
        find_unit_problems(rows, raw.columns),
        find_part_rows(rows),
        find_value_problems(cells, rows, raw.columns, catalogue),
        find_head_contradictions(raw.heads, submissions, catalogue),
    ]
    return Conformed(
        forms=conformed,
        columns=raw.columns,
        notes=shaped(list_value_notes(cells, rows, raw.columns), NOTE),
        problems=pl.concat([shaped(part, PROBLEM) for part in parts]),
        declared_empty=rows.filter(pl.col("kind") == "nothing")
        .select("submission", "form")
        .unique(maintain_order=True),
        submissions=submissions.select(*UNIT_YEAR),
        answers=raw.answers,
        unread=pl.concat([raw.rest, list_unread_rows(forms, rows, raw.columns, catalogue)]),
    )


def _clean_texts(cell: pl.Expr) -> pl.Expr:
    """A cell's text; null where nothing in it is visible."""
    return map_unique(cell, lambda text: pl.when(~text.str.contains(f"^{BLANK}*$")).then(text))


def _index_rows(frame: pl.DataFrame, form: Form) -> pl.DataFrame:
    """The rows with ``index`` and every column of the form, missing ones null; blanks of texts are null."""
    names = ("lead", "org_code", "org_name", "parent_name", *(f.id for f in form.fields))
    absent = [pl.lit(None, pl.String).alias(name) for name in names if name not in frame.columns]
    texts = ["lead", "org_code", "org_name", "parent_name", *(f.id for f in form.fields if f.type == "text")]
    return (
        frame.with_columns(absent)
        .with_columns(pl.col(texts).str.strip_chars().replace("", None))
        .with_row_index("index")
    )


def _gather_rows(forms: dict[str, pl.DataFrame], catalogue: Catalogue) -> pl.DataFrame:
    """The rows of all forms as :func:`transforms.conforming.row_kinds.assign_rows` needs them."""
    parts = []
    for id, frame in forms.items():
        form = catalogue.forms[id]
        fields = [(pl.col(f.id).str.strip_chars() != "").fill_null(value=False) for f in form.fields]
        item = pl.col(form.item_field) if form.is_roster and form.item_field else pl.lit(None, pl.String)
        parts.append(
            frame.select(
                pl.lit(id).alias("form"),
                "index",
                "submission",
                "unit_code",
                "year",
                "sheet",
                "row",
                "lead",
                "org_code",
                "org_name",
                "parent_name",
                item=item,
                filled=pl.sum_horizontal(fields).cast(pl.UInt32),
                is_roster=pl.lit(form.is_roster),
            )
        )
    return pl.concat(parts) if parts else empty(ROWS)
