"""Typed values of a form's cells: casts plain ones by column, selects odd ones, and joins both."""

from __future__ import annotations

import polars as pl

from transforms.conforming.clerk_dates import is_day_count
from transforms.conforming.odd_cells import ODD
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import NUMERIC_TYPES, CodeList, Field, Form
from warehouse.words.folding import INVISIBLE, fold
from warehouse.words.scales import SCALES

_SHORT_TEXT = 8  # 不适用 and error texts are no longer than this


def convert_plain_values(
    frame: pl.DataFrame, form: Form, scales: pl.DataFrame, catalogue: Catalogue
) -> pl.DataFrame:
    """The form's fields, typed where the text is plainly a value of the type; null for blank and odd cells.

    ``scales``: :func:`read_header_scales` of the batch.
    """
    stated = scales.filter(pl.col("form") == form.id)
    scaled = {name: group["submission"] for (name,), group in stated.group_by("field")}
    values = []
    for field in form.fields:
        value = _convert_plain_value(field, catalogue)
        if field.id in scaled:  # every cell of such a column is multiplied and noted
            value = pl.when(~pl.col("submission").is_in(scaled[field.id].implode())).then(value)
        values.append(value.alias(field.id))
    return frame.select(values)


def _convert_plain_value(field: Field, catalogue: Catalogue) -> pl.Expr:
    raw = pl.col(field.id)
    if field.type in NUMERIC_TYPES:
        number = raw.cast(pl.Float64, strict=False)
        scale = field.entry_scale
        scaled = number if scale == 1.0 else (number * scale).round(6)
        # -0.0 is zero, and infinity is no number.
        return pl.when(number.is_finite()).then(scaled + 0.0)
    if field.type == "date":
        day = raw.str.strip_suffix(" 00:00:00").str.to_date("%Y-%m-%d", strict=False, exact=True)
        return pl.when(~is_day_count(day)).then(day)
    if field.type == "boolean":
        words = catalogue.settings.words
        plain = {words.yes[0]: True, words.no[0]: False, "true": True, "false": False}
        return raw.replace_strict(plain, default=None, return_dtype=pl.Boolean)
    if field.type == "code":
        return pl.when(_is_offered(raw, catalogue.code_lists[field.codes or ""])).then(raw)
    is_odd = (
        (raw.str.len_chars() <= _SHORT_TEXT) | raw.str.contains(r"^\d+\.0$") | raw.str.contains(INVISIBLE)
    )
    return pl.when(~is_odd).then(raw)


def _is_offered(raw: pl.Expr, codes: CodeList) -> pl.Expr:
    """Whether an answer is one of its year's labels."""
    always = [code.label for code in codes.codes if code.since is None and code.until is None]
    dated = [code for code in codes.codes if code.label not in always]
    return pl.any_horizontal(
        raw.is_in(always),
        *(
            (raw == code.label) & pl.col("year").is_between(code.since or 0, code.until or 9999)
            for code in dated
        ),
    )


def select_odd_cells(
    forms: dict[str, pl.DataFrame],
    plain: dict[str, pl.DataFrame],
    rows: pl.DataFrame,
    scales: pl.DataFrame,
    catalogue: Catalogue,
) -> pl.DataFrame:
    """The filled cells without a plain value, in data and total rows: ODD and ``is_total``."""
    parts = []
    for id, frame in forms.items():
        form = catalogue.forms[id]
        names = [f.id for f in form.fields]
        odd = frame.select(names).select(
            (pl.col(name).is_not_null() & plain[id][name].is_null()).alias(name) for name in names
        )
        for name in [n for n, count in zip(names, odd.sum().row(0), strict=True) if count]:
            field = form.field(name)
            parts.append(
                frame.filter(odd[name]).select(
                    pl.lit(id).alias("form"),
                    "index",
                    pl.lit(name).alias("field"),
                    pl.col(name).alias("raw"),
                    pl.lit(field.type).alias("type"),
                    pl.lit(fold(field.unit)).alias("unit"),
                    pl.lit(field.codes, pl.String).alias("codes"),
                    "year",
                    pl.lit(field.entry_scale).alias("scale"),
                    "submission",
                )
            )
    if not parts:
        return pl.DataFrame(schema={**ODD, "submission": pl.String, "kind": pl.String})
    stated = scales.rename({"scale": "header_scale"})
    return (
        pl.concat(parts)
        .join(rows.select("form", "index", "kind"), on=["form", "index"], how="left", maintain_order="left")
        .filter(pl.col("kind").is_in(["data", "total", "unknown", "duplicate"]))
        .join(stated, on=["submission", "form", "field"], how="left", maintain_order="left")
        .with_columns(
            scale=pl.coalesce("header_scale", "scale"), is_header_scale=pl.col("header_scale").is_not_null()
        )
        .drop("header_scale")
    )


def read_header_scales(columns: pl.DataFrame, catalogue: Catalogue) -> pl.DataFrame:
    """submission, form, field, scale of columns whose header states a multiple of the field's unit: 万元 for 元."""
    asked = pl.DataFrame(
        [
            (form.id, f.id, unit, scale)
            for form in catalogue.forms.values()
            for f in form.fields
            if f.unit
            for unit, scale in _list_multiples(f)
        ],
        schema={"form": pl.String, "field": pl.String, "unit": pl.String, "scale": pl.Float64},
        orient="row",
    )
    stated = columns.filter(pl.col("unit").is_not_null())
    return stated.join(asked, on=["form", "field", "unit"]).select("submission", "form", "field", "scale")


def _list_multiples(field: Field) -> list[tuple[str, float]]:
    expected = fold(field.stated_unit)
    units = {fold(field.unit): 1.0, **{fold(word + field.unit): scale for word, scale in SCALES.items()}}
    return [(unit, scale) for unit, scale in units.items() if unit != expected]


def finish_values(
    frame: pl.DataFrame, plain: pl.DataFrame, cells: pl.DataFrame | None, rows: pl.DataFrame
) -> pl.DataFrame:
    """The form's rows (see :class:`transforms.conforming.conform.Conformed`) with plain and odd values joined."""
    values, states = plain, _make_state_columns(plain)
    if cells is not None:
        for (name,), odd in cells.group_by("field", maintain_order=True):
            values = values.with_columns(_fill_odd_cells(plain[str(name)], odd))
        states = _make_state_columns(values)
        for (name,), odd in cells.filter(pl.col("state") != "value").group_by("field", maintain_order=True):
            state = states[f"{name}__state"].clone().scatter(odd["index"], odd["state"])
            unreadable = states[f"{name}__is_unreadable"].clone().scatter(odd["index"], odd["is_unreadable"])
            states = states.with_columns(state, unreadable)
    keys = rows.select(
        "submission",
        "unit_code",
        "year",
        "sheet",
        "row",
        row_kind="kind",
        org_code="found_code",
        org_name="found_name",
        org_level="found_level",
        item=pl.col("item").fill_null(""),
    )
    assert keys.height == frame.height, "every row stays one row"
    return pl.concat([keys, values, states], how="horizontal").filter(
        pl.col("row_kind").is_in(["data", "total"])
    )


def _fill_odd_cells(series: pl.Series, odd: pl.DataFrame) -> pl.Series:
    source = {pl.Float64: "number", pl.Date: "day", pl.Boolean: "flag", pl.String: "text"}[
        series.dtype.base_type()
    ]
    found = odd.filter(pl.col(source).is_not_null())
    return series if found.is_empty() else series.clone().scatter(found["index"], found[source])


def _make_state_columns(values: pl.DataFrame) -> pl.DataFrame:
    """``<field>__state`` of plain values and blanks, and ``<field>__is_unreadable``, all False."""

    def state(name: str, dtype: pl.DataType) -> pl.Expr:
        value = pl.col(name)
        is_zero = value == 0 if dtype == pl.Float64 else pl.lit(value=False)
        known = pl.when(is_zero).then(pl.lit("zero")).when(value.is_null()).then(pl.lit("not_reported"))
        return known.otherwise(pl.lit("value")).alias(f"{name}__state")

    readable = pl.repeat(False, values.height, dtype=pl.Boolean, eager=True)
    return values.select(
        *(state(name, dtype) for name, dtype in values.schema.items()),
        *(readable.alias(f"{name}__is_unreadable") for name in values.columns),
    )
