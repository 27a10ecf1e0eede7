"""PROBLEM rows of what could not be read and NOTE rows of what was normalised, with their cells."""

from __future__ import annotations

import polars as pl

from warehouse.catalogue.frames import DATE_MARK, PROBLEM, Problems, Submissions, empty
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import NUMERIC_TYPES
from warehouse.words.folding import INVISIBLE
from warehouse.words.near import find_nearest


def locate_row_problems(problems: Problems, rows: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add the org unit and item of the row to the problems of reading, and a near label for unknown columns."""
    if problems.is_empty():
        return problems
    known = rows.filter(pl.col("kind").is_in(["data", "total"])).select(
        "submission", "form", "sheet", "row", "kind", org="found_code", name="found_name", thing="item"
    )
    # A total row is only compared: a total without a result takes no number away, and one that
    # shows an error value mostly shows that of a row, which is told.
    in_total = (pl.col("kind") == "total") & pl.col("rule").is_in(
        ["read.formula_without_value", "read.error_cell"]
    )
    return (
        problems.with_columns(row=pl.col("cell").str.extract(r"(\d+)$").cast(pl.UInt32))
        .join(known, on=["submission", "form", "sheet", "row"], how="left", maintain_order="left")
        .join(
            _suggest_labels(problems, catalogue),
            on=["form", "rule", "value"],
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        .with_columns(
            rule=pl.when(in_total).then(pl.lit("read.total_without_value")).otherwise("rule"),
            org_code=pl.coalesce("org_code", "org"),
            org_name=pl.coalesce("org_name", "name"),
            item=pl.coalesce("item", "thing").replace("", None),
            detail=pl.col("detail").replace("", None),
            suggestion=pl.coalesce("suggestion", "near"),
        )
        # One problem for a sheet without computed totals, not one per column.
        .filter(
            (pl.col("rule") != "read.total_without_value")
            | pl.struct("submission", "form", "rule").is_first_distinct()
        )
        .select(PROBLEM.keys())
    )


def _suggest_labels(problems: Problems, catalogue: Catalogue) -> pl.DataFrame:
    """form, rule, value, near: the form's label nearest to an unknown header."""
    schema = {"form": pl.String, "rule": pl.String, "value": pl.String, "near": pl.String}
    unknown = problems.filter(
        pl.col("rule") == "read.unknown_column", pl.col("detail").replace("", None).is_null()
    )
    found = []
    for form, value in unknown.select("form", "value").drop_nulls().unique(maintain_order=True).iter_rows():
        labels = [field.label for field in catalogue.forms[form].fields]
        index = find_nearest(value, labels)
        found.append((form, "read.unknown_column", value, None if index is None else labels[index]))
    return pl.DataFrame(found, schema=schema, orient="row")


def find_missing_parts(columns: pl.DataFrame, submissions: Submissions, catalogue: Catalogue) -> pl.DataFrame:
    """read.missing_sheet and read.missing_column: sheets and columns that the unit's workbook of the year lacks."""
    asked = [
        (year, unit, form.id, field.id, field.label)
        for year in submissions["year"].unique().drop_nulls().sort().to_list()
        for unit, level in catalogue.registry.roster(year).select("unit_code", "unit_level").iter_rows()
        for form in catalogue.forms_of(level, year)
        for field in form.fields_at(catalogue.row_levels(form, level), year)
    ]
    expected = submissions.select("submission", "unit_code", "year").join(
        pl.DataFrame(
            asked,
            schema={
                "year": pl.Int32,
                "unit_code": pl.String,
                "form": pl.String,
                "field": pl.String,
                "value": pl.String,
            },
            orient="row",
        ),
        on=["unit_code", "year"],
        maintain_order="left_right",
    )
    sheets = columns.group_by("submission", "form", maintain_order=True).agg(pl.col("sheet").first())
    joined = expected.join(sheets, on=["submission", "form"], how="left", maintain_order="left")
    sheetless = joined.filter(pl.col("sheet").is_null()).unique(["submission", "form"], maintain_order=True)
    columnless = joined.filter(pl.col("sheet").is_not_null()).join(
        columns.select("submission", "form", "field"), on=["submission", "form", "field"], how="anti"
    )
    return pl.concat(
        [
            sheetless.select("submission", "form", rule=pl.lit("read.missing_sheet")),
            columnless.select(
                "submission", "form", "sheet", "field", "value", rule=pl.lit("read.missing_column")
            ),
        ],
        how="diagonal",
    )


def find_part_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """conform.part_row: rows that are part of another row (其中) and are not taken over."""
    parts = rows.filter(pl.col("kind") == "part")
    said = pl.coalesce("lead", "org_code", "org_name", "item")
    return parts.group_by("submission", "form", "sheet", maintain_order=True).agg(
        rule=pl.lit("conform.part_row").first(),
        value=said.first(),
        detail=pl.format("第{}行", pl.col("row").head(10).cast(pl.String).str.join("、")),
    )


def find_unit_problems(rows: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """Rows whose unit is unknown, foreign, contradictory or repeated."""
    told = rows.filter(pl.col("rule").is_not_null()).select(
        "submission",
        "form",
        "sheet",
        "row",
        "rule",
        "value",
        "detail",
        "suggestion",
        field="column",
        org_code="found_code",
        org_name="found_name",
        item="item",
    )
    twice = rows.filter(pl.col("kind") == "duplicate").select(
        "submission",
        "form",
        "sheet",
        "row",
        "first_row",
        rule=pl.lit("conform.duplicate_unit"),
        value="found_name",
        field=pl.when(pl.col("org_code").is_not_null())
        .then(pl.lit("org_code"))
        .otherwise(pl.lit("org_name")),
        org_code="found_code",
        org_name="found_name",
        item="item",
    )
    both = pl.concat([told, twice], how="diagonal")
    if both.is_empty():
        return empty(PROBLEM)
    # The cell of a row without any column for its unit is its first one.
    joined = _with_cells(both, columns).with_columns(
        cell=pl.coalesce("cell", pl.format("A{}", "row")),
        detail=pl.when(pl.col("first_row").is_not_null())
        .then(
            pl.format(
                "{}{} 和 {}{}",
                pl.col("letter").fill_null("A"),
                "first_row",
                pl.col("letter").fill_null("A"),
                "row",
            )
        )
        .otherwise("detail"),
        field=pl.lit(None, pl.String),
    )
    return joined.with_columns(item=pl.col("item").replace("", None))


def find_value_problems(
    cells: pl.DataFrame, rows: pl.DataFrame, columns: pl.DataFrame, catalogue: Catalogue
) -> pl.DataFrame:
    """Cells that cannot be read; of total rows only numbers."""
    numeric = list(NUMERIC_TYPES)
    told = cells.filter(
        pl.col("rule").is_not_null() & ((pl.col("kind") != "total") | pl.col("type").is_in(numeric))
    )
    if told.is_empty():
        return empty(PROBLEM)
    return _with_cells(_with_rows(told.rename({"raw": "written_as"}), rows), columns).with_columns(
        value=_show_raw(pl.col("written_as"))
    )


def _show_raw(text: pl.Expr) -> pl.Expr:
    """The content of a cell as the clerk knows it, without marks that reading adds."""
    day = r"^(\d{4})-0?(\d{1,2})-0?(\d{1,2})(?: [\d:.]+)?$"
    return (
        pl.when(text.str.starts_with(DATE_MARK))
        .then(text.str.strip_prefix(DATE_MARK).str.extract(r"^(\S+)"))
        .otherwise(
            text.str.replace(r"\.0$", "")
            .str.replace(day, "${1}年${2}月${3}日")
            .replace({"true": "TRUE", "false": "FALSE"})
        )
    )


def list_value_notes(cells: pl.DataFrame, rows: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """NOTE of cells, padded unit codes and names with invisible characters that were normalised."""
    fixed = _with_cells(_with_rows(cells.filter(pl.col("fix").is_not_null()), rows), columns).select(
        "submission", "form", "sheet", "cell", "field", "fix", "raw", value="written"
    )
    padded = rows.filter(pl.col("padded").fill_null(value=False)).with_columns(field=pl.lit("org_code"))
    codes = _with_cells(padded, columns).select(
        "submission",
        "form",
        "sheet",
        "cell",
        "field",
        fix=pl.lit("padded_code"),
        raw="org_code",
        value="found_code",
    )
    unseen = rows.filter(pl.col("org_name").str.contains(INVISIBLE) & (pl.col("kind") == "data"))
    names = _with_cells(unseen.with_columns(field=pl.lit("org_name")), columns).select(
        "submission",
        "form",
        "sheet",
        "cell",
        "field",
        fix=pl.lit("invisible"),
        raw="org_name",
        value="found_name",
    )
    return pl.concat([fixed, codes, names])


def _with_rows(cells: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    known = rows.select("form", "index", "sheet", "row", "item", org_code="found_code", org_name="found_name")
    return cells.join(known, on=["form", "index"], how="left", maintain_order="left").with_columns(
        item=pl.col("item").replace("", None)
    )


def _with_cells(frame: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """Add ``letter`` and ``cell``, the A1 address of ``field`` in ``row``."""
    letters = columns.select("submission", "form", "field", letter="column")
    return frame.join(
        letters, on=["submission", "form", "field"], how="left", maintain_order="left"
    ).with_columns(cell=pl.concat_str("letter", "row"))
