"""The rules that the catalogue's own declarations make: required, range, whole, codes, dates, unique, rows, totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from expectations.frames.form_frame import additive_fields, key_column
from expectations.rulebook.condition import DATA_ROW, MISSING_ROW, Condition, one_of
from expectations.rulebook.message import value_text
from expectations.rulebook.rulebook import FIELD_TYPES, Rule, RuleBook
from expectations.rulebook.rulebook import Check as CheckName
from expectations.rulebook.sentence import Meaning
from expectations.verdicts.checks import Check, Gate, condition_gate, operands_text, plain_text
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.words.numbers import number_text

FIRST_DATE_YEAR = 2000
"""No date of a form lies before this year: the association's present statutes and terms are younger."""


def column_gates(form: Form, rulebook: RuleBook, catalogue: Catalogue, has_totals: bool) -> list[Gate]:
    """The generated gates of ``form``; those of total rows only when the batch has any."""
    return list(_gates(form, rulebook, catalogue, has_totals))


def _gates(form: Form, rulebook: RuleBook, catalogue: Catalogue, has_totals: bool) -> Iterator[Gate]:
    rows = rulebook.of_check("roster_rows" if form.is_roster else "unit_rows")
    if rows is not None:
        yield _rows_gate(rows, form)
    unique = rulebook.of_check("unique")
    if unique is not None and form.is_roster:
        yield _unique_gate(unique, form)
    for field in form.fields:
        yield from _field_gates(field, form, rulebook, catalogue)
    yield from _grouped(
        form, rulebook, "whole", [f for f in form.fields if f.type in ("count", "rank", "year")]
    )
    yield from _grouped(form, rulebook, "date", [f for f in form.fields if f.type == "date"])
    if has_totals:
        yield from _grouped(form, rulebook, "sheet", additive_fields(form))
        if "village" in form.levels:
            yield from _grouped(form, rulebook, "township", additive_fields(form))


def _field_gates(field: Field, form: Form, rulebook: RuleBook, catalogue: Catalogue) -> Iterator[Gate]:
    required = rulebook.of_check("key_required" if is_key(form, field) else "required")
    if field.required and required is not None:
        yield _required_gate(required, field, form)
    ranged = rulebook.of_check("range")
    if ranged is not None and (field.low is not None or field.high is not None):
        yield _range_gate(ranged, field, form)
    coded = rulebook.of_check("codes")
    if coded is not None and field.codes is not None:
        yield _codes_gate(coded, field, form, catalogue.code_lists[field.codes].labels)


def is_key(form: Form, field: Field) -> bool:
    """Whether a field's answer is itself a count: a roster's key or code, or the whole condition of a count."""
    if field.id in form.key or field.id == form.item_field:
        return True
    return (form.is_roster and field.type == "code") or any(count.where == field.id for count in form.counts)


def bounds_text(field: Field) -> str:
    """What a number of ``field`` must be, in words that follow 应."""
    low, high = (
        None if limit is None else f"{limit:g}" if limit % 1 else f"{limit:.0f}"
        for limit in (field.low, field.high)
    )
    if low is not None and high is not None:
        return f"在{low}至{high}之间"
    return f"不小于{low}" if low is not None else f"不大于{high}"


def _meaning(form: Form, field: Field | None, **texts: pl.Expr) -> Meaning:
    def meaning(place: str) -> pl.Expr:
        if place in texts:
            return texts[place]
        if place == "label" and field is not None:
            return pl.lit(field.label)
        if place == "value" and field is not None:
            return value_text(pl.col(field.id), FIELD_TYPES[field.type])
        if place == "form":
            return pl.lit(f"{form.number}（{form.title}）")
        return pl.col({"unit": "unit_text"}.get(place, place)).cast(pl.String)

    return meaning


def _check(
    rule: Rule,
    form: Form,
    field: Field | None,
    concerned: pl.Expr,
    verdict: pl.Expr,
    **texts: pl.Expr,
) -> Check:
    return Check(
        rule=rule,
        form=form.id,
        fields=() if field is None else (field.id,),
        shown_at=None if field is None else field.id,
        concerned=concerned,
        verdict=verdict,
        meaning=_meaning(form, field, **texts),
        value=texts.get("total", _value(field)),
        operands=operands_text(_values(field, texts)),
    )


def _value(field: Field | None) -> pl.Expr:
    return pl.lit(None, pl.String) if field is None else plain_text(field.id, FIELD_TYPES[field.type])


def _values(field: Field | None, texts: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
    if field is None:
        return {}
    if "total" in texts:
        return {name: texts[name] for name in ("total", "sum")}
    return {field.id: plain_text(field.id, FIELD_TYPES[field.type])}


def _rows_gate(rule: Rule, form: Form) -> Gate:
    concerned = one_of("row_kind", (DATA_ROW, MISSING_ROW))
    verdict = pl.when(concerned).then(pl.col("row").is_not_null())
    return Gate(
        rule.id,
        rule,
        form.id,
        "rows",
        ("row",),
        {},
        (_check(rule, form, None, concerned, verdict),),
        "行",
        rule.words,
    )


def _unique_gate(rule: Rule, form: Form) -> Gate:
    names = [key_column(form.field(name)) if name != "org_code" else name for name in form.key]
    key = ["submission", *names]
    concerned = pl.col("row_kind") == DATA_ROW
    is_whole = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    verdict = pl.when(concerned & is_whole).then(~pl.struct(key).is_duplicated())
    field = form.field(form.item_field) if form.item_field else None
    labels = "和".join(form.field(name).label if name != "org_code" else "所属单位" for name in form.key)
    check = _check(rule, form, field, concerned, verdict, key=pl.lit(labels))
    return Gate(rule.id, rule, form.id, "unique", tuple(key), {}, (check,), "", f"{labels}不重复")


def _required_gate(rule: Rule, field: Field, form: Form) -> Gate:
    answer = pl.col(f"{field.id}__answer")
    check = _check(rule, form, field, answer.is_not_null(), answer != "not_reported")
    columns = (f"{field.id}__answer",)
    words = f"{field.label}应填写"
    return Gate(f"{rule.id}.{field.id}", rule, form.id, "answers", columns, {}, (check,), field.label, words)


def _range_gate(rule: Rule, field: Field, form: Form) -> Gate:
    value = pl.col(field.id)
    parts = [
        *([value >= field.low] if field.low is not None else []),
        *([value <= field.high] if field.high is not None else []),
    ]
    concerned = _is_asked(field, form)
    check = _check(rule, form, field, concerned, pl.all_horizontal(parts), bounds=pl.lit(bounds_text(field)))
    settings = {"min_value": field.low, "max_value": field.high}
    words = f"{field.label}应{bounds_text(field)}"
    return Gate(
        f"{rule.id}.{field.id}", rule, form.id, "range", (field.id,), settings, (check,), field.label, words
    )


def _codes_gate(rule: Rule, field: Field, form: Form, labels: tuple[str, ...]) -> Gate:
    check = _check(
        rule,
        form,
        field,
        _is_asked(field, form),
        pl.col(field.id).is_in(list(labels)),
        codes=pl.lit("、".join(labels)),
    )
    settings = {"value_set": list(labels)}
    words = f"{field.label}应从选项中选填：{'、'.join(labels)}"
    return Gate(
        f"{rule.id}.{field.id}", rule, form.id, "codes", (field.id,), settings, (check,), field.label, words
    )


def _is_asked(field: Field, form: Form) -> pl.Expr:
    is_data = pl.col("row_kind") == DATA_ROW
    at_level = one_of("org_level", form.levels_of(field)).fill_null(False)
    return is_data if form.is_roster else is_data & at_level


def _grouped(form: Form, rulebook: RuleBook, name: CheckName, fields: list[Field]) -> Iterator[Gate]:
    """One gate for all ``fields`` of a form, with a check for each of them."""
    rule = rulebook.of_check(name)
    if rule is None or not fields:
        return
    conditions = [_grouped_condition(rule, name, field, form) for field in fields]
    checks = [
        _check(rule, form, field, condition.concerned, condition.verdict, **_grouped_texts(name, field))
        for field, condition in zip(fields, conditions, strict=True)
    ]
    yield condition_gate(rule.id, rule, form.id, conditions, checks)


def _grouped_condition(rule: Rule, name: CheckName, field: Field, form: Form) -> Condition:
    x = field.id
    if name in ("sheet", "township"):
        return Condition(
            f"{x}__total = {x}__sum",
            when=f"total_of = '{name}'",
            tolerance=rule.tolerance,
            row_kind="total",
            states=(x,),
        )
    levels = None if form.is_roster else form.levels_of(field)
    expression = {
        "date": f"{x}__year >= {FIRST_DATE_YEAR} AND {x}__year <= year",
        "whole": f"{x} = ROUND({x})",
    }[name]
    return Condition(expression, levels=levels, tolerance=rule.tolerance, states=(x,))


def _grouped_texts(name: CheckName, field: Field) -> dict[str, pl.Expr]:
    if name in ("sheet", "township"):
        total, summed = pl.col(f"{field.id}__total"), pl.col(f"{field.id}__sum")
        return {
            "total": number_text(total),
            "sum": number_text(summed),
            "difference": number_text((total - summed).abs()),
        }
    if name == "date":
        return {"bounds": pl.format(f"在{FIRST_DATE_YEAR}年至{{}}年之间", pl.col("year"))}
    return {}
