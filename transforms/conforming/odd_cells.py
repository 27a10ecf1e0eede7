"""Reads odd cells: those whose text is not plainly a value of their field's type.

The odd cells of all forms and files come in one long frame. The writing of a value may be normalised, and each fix is
named; a value is never changed or guessed.
"""

from __future__ import annotations

import polars as pl

from transforms.conforming.clerk_dates import with_days
from transforms.conforming.clerk_numbers import with_numbers
from warehouse.catalogue.frames import DATE_MARK, ERROR_MARK
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import NUMERIC_TYPES
from warehouse.words.folding import INVISIBLE, fold, fold_column
from warehouse.words.near import find_nearest

ODD = {
    "form": pl.String,
    "index": pl.UInt32,
    "field": pl.String,
    "raw": pl.String,
    "type": pl.String,
    "unit": pl.String,  # folded
    "codes": pl.String,
    "year": pl.Int32,  # of the report
    "scale": pl.Float64,  # the factor of a bare number, where the column is in 万元
    "is_header_scale": pl.Boolean,  # the scale comes from the sheet's header, not from the catalogue
}
"""The columns of each odd cell that :func:`parse_odd_cells` reads."""

_ERROR_TEXT = r"^#(?:ref!|div/0!|n/a|value!|name\?|num!|null!|spill!|calc!|getting_data)$|^err:\d+$"
_UNREADABLE = {
    **dict.fromkeys(NUMERIC_TYPES, "conform.unreadable_number"),
    "date": "conform.unreadable_date",
    "boolean": "conform.unreadable_boolean",
    "code": "conform.unknown_code",
    "text": "read.error_cell",
}


def parse_odd_cells(odd: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Odd cells (columns of ODD) in their order, with their values.

    Adds number, flag, day, text (one of them filled for state value), ``state`` (value, not_applicable, not_reported),
    ``is_unreadable`` (content that cannot be read: state not_reported, and a problem), ``fix`` (null: nothing was
    normalised), ``written`` (the value as text, for notes), and of the problem ``rule``, ``detail``, ``suggestion``.
    """
    words = catalogue.settings.words
    not_applicable = [fold(word) for word in words.not_applicable]
    keyed = odd.with_columns(key=fold_column(pl.col("raw"))).with_columns(
        is_error=(pl.col("raw") == ERROR_MARK) | pl.col("key").str.contains(_ERROR_TEXT),
        is_not_applicable=pl.col("key").is_in(not_applicable),
    )
    is_text = pl.col("type") == "text"
    answers = {**dict.fromkeys(map(fold, words.no), False), **dict.fromkeys(map(fold, words.yes), True)}
    flag = pl.col("key").replace_strict(answers, default=None, return_dtype=pl.Boolean)
    read = with_days(with_numbers(_with_codes(keyed, catalogue)))
    is_plain = ~pl.col("is_error") & ~pl.col("is_not_applicable")
    read = read.with_columns(
        flag=pl.when(is_plain & (pl.col("type") == "boolean")).then(flag),
        text=pl.when(is_plain & is_text)
        .then(pl.col("raw").str.replace(r"^(\d+)\.0$", "$1").str.strip_chars())
        .when(is_plain & (pl.col("type") == "code"))
        .then("label"),
        number=pl.when(is_plain).then("number"),
        day=pl.when(is_plain).then("day"),
    )
    has_value = pl.any_horizontal(pl.col(c).is_not_null() for c in ("number", "flag", "day", "text"))
    read = read.with_columns(
        state=pl.when(pl.col("key") == "")
        .then(pl.lit("not_reported"))
        .when(pl.col("is_not_applicable"))
        .then(pl.lit("not_applicable"))
        .when(has_value)
        .then(pl.lit("value"))
        .otherwise(pl.lit("not_reported")),
        is_unreadable=(pl.col("key") != "") & ~pl.col("is_not_applicable") & ~has_value,
    )
    is_unreadable = pl.col("is_unreadable")
    fix = (
        pl.when(pl.col("type").is_in(list(NUMERIC_TYPES)))
        .then("number_fix")
        .when(pl.col("type") == "date")
        .then("day_fix")
        .when((pl.col("type") == "boolean") & ~pl.col("raw").is_in(["true", "false"]))
        .then(pl.lit("yes_no_word"))
        .when(pl.col("type") == "code")
        .then("label_fix")
        .when(is_text & pl.col("raw").str.contains(INVISIBLE))
        .then(pl.lit("invisible"))
    )
    return _with_suggestions(
        read.with_columns(
            fix=pl.when(pl.col("state") == "value").then(fix),
            written=pl.coalesce(
                _number_text(pl.col("number")),
                pl.when(pl.col("flag"))
                .then(pl.lit(words.yes[0]))
                .when(~pl.col("flag"))
                .then(pl.lit(words.no[0])),
                pl.col("day").dt.to_string("%Y-%m-%d"),
                "text",
            ),
            # Reading has reported error values, with their cells.
            rule=pl.when(is_unreadable & (pl.col("raw") != ERROR_MARK)).then(
                pl.when(pl.col("is_error"))
                .then(pl.lit("read.error_cell"))
                .when(pl.col("raw").str.starts_with(DATE_MARK))
                .then(pl.lit("conform.number_as_date"))
                .when(pl.col("day_count").is_not_null())
                .then(pl.lit("conform.day_count_date"))
                .otherwise(pl.col("type").replace_strict(_UNREADABLE, return_dtype=pl.String))
            ),
            detail=pl.when(is_unreadable).then(pl.coalesce("number_detail", "day_detail")),
        ),
        catalogue,
    )


def _number_text(number: pl.Expr) -> pl.Expr:
    whole = number.cast(pl.Int64, strict=False)
    return pl.when(whole == number).then(whole.cast(pl.String)).otherwise(number.cast(pl.String))


def _with_codes(odd: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add ``label`` and ``label_fix``: the label of the year whose other spelling or alias the cell holds."""
    written = [
        (codes.id, code, text, fix)
        for codes in catalogue.code_lists.values()
        for code in codes.codes
        for fix, texts in (("spelling", (code.label,)), ("alias", code.aliases))
        for text in texts
    ]
    labels = pl.DataFrame(
        [
            (codes, fold(text), code.label, fix, code.since or 0, code.until or 9999)
            for codes, code, text, fix in written
        ],
        schema={
            **dict.fromkeys(("codes", "key", "label", "label_fix"), pl.String),
            "since": pl.Int32,
            "until": pl.Int32,
        },
        orient="row",
    ).sort(
        "label_fix", descending=True, maintain_order=True
    )  # a label comes before an alias of another label
    said = odd.select("codes", "key", "year").drop_nulls().unique()
    meant = (
        labels.join(said, on=["codes", "key"], maintain_order="left")
        .filter(pl.col("year").is_between(pl.col("since"), pl.col("until")))
        .unique(["codes", "key", "year"], keep="first", maintain_order=True)
        .select("codes", "key", "year", "label", "label_fix")
    )
    return odd.join(meant, on=["codes", "key", "year"], how="left", maintain_order="left")


def _with_suggestions(cells: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """Add ``suggestion``: the nearest label of the code list, for unknown answers."""
    is_asked = pl.col("rule") == "conform.unknown_code"
    asked = cells.filter(is_asked).select("codes", "key").unique(maintain_order=True)
    if asked.is_empty():
        return cells.with_columns(suggestion=pl.lit(None, pl.String))
    found: list[str | None] = []
    for codes, key in asked.iter_rows():  # distinct unknown answers only
        labels = catalogue.code_lists[codes].labels
        index = find_nearest(key, [fold(label) for label in labels])
        found.append(None if index is None else labels[index])
    suggestions = asked.with_columns(suggestion=pl.Series(found, dtype=pl.String))
    return cells.join(suggestions, on=["codes", "key"], how="left", maintain_order="left").with_columns(
        suggestion=pl.when(is_asked).then("suggestion")
    )
