"""The checks generated from the catalogue: required, range, whole, codes, date, unique, rows, totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

import polars as pl

from expectations.frames.form_frame import additive_fields, key_column
from expectations.rulebook.condition import DATA_ROW, MISSING_ROW, Condition, one_of
from expectations.rulebook.message import value_text
from expectations.rulebook.rulebook import FIELD_TYPES, CheckName, Rule, RuleBook
from expectations.rulebook.sentence import Meaning
from expectations.verdicts.rule_checks import ACROSS_FIELDS, Check, operands_text, plain_text
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.words.number_words import number_text

FIRST_DATE_YEAR = 2000
"""The earliest year of a date: the association's present statutes and terms are younger."""


def column_checks(form: Form, rulebook: RuleBook, catalogue: Catalogue, has_totals: bool) -> list[Check]:
    """The generated checks of ``form``; those of total rows only when the batch has any."""
    return list(_list_checks(form, rulebook, catalogue, has_totals))


def _list_checks(form: Form, rulebook: RuleBook, catalogue: Catalogue, has_totals: bool) -> Iterator[Check]:
    rows = rulebook.of_check("roster_rows" if form.is_roster else "unit_rows")
    if rows is not None:
        yield _rows_check(rows, form)
    unique = rulebook.of_check("unique")
    if unique is not None and form.is_roster:
        yield _unique_check(unique, form)
    for field in form.fields:
        yield from _list_field_checks(field, form, rulebook, catalogue)
    yield from _check_each(
        form, rulebook, "whole", [f for f in form.fields if f.type in ("count", "rank", "year")]
    )
    yield from _check_each(form, rulebook, "date", [f for f in form.fields if f.type == "date"])
    if has_totals:
        yield from _check_each(form, rulebook, "sheet", additive_fields(form))
        if "village" in form.levels:
            yield from _check_each(form, rulebook, "township", additive_fields(form))


def _list_field_checks(field: Field, form: Form, rulebook: RuleBook, catalogue: Catalogue) -> Iterator[Check]:
    required = rulebook.of_check("key_required" if is_key(form, field) else "required")
    if field.required and required is not None:
        yield _required_check(required, field, form)
    ranged = rulebook.of_check("range")
    if ranged is not None and (field.low is not None or field.high is not None):
        yield _range_check(ranged, field, form)
    coded = rulebook.of_check("codes")
    if coded is not None and field.codes is not None:
        yield _codes_check(coded, field, form, catalogue.code_lists[field.codes].labels)


def is_key(form: Form, field: Field) -> bool:
    """Whether a count depends on the field alone: a roster's key or code, or the condition of a count."""
    if field.id in form.key or field.id == form.item_field:
        return True
    return (form.is_roster and field.type == "code") or any(count.where == field.id for count in form.counts)


def bounds_text(field: Field) -> str:
    """The range of ``field`` in words that follow 应."""
    low, high = (
        None if limit is None else f"{limit:g}" if limit % 1 else f"{limit:.0f}"
        for limit in (field.low, field.high)
    )
    if low is not None and high is not None:
        return f"在{low}至{high}之间"
    return f"不小于{low}" if low is not None else f"不大于{high}"


def _meaning(form: Form, field: Field | None, **texts: pl.Expr) -> Meaning:
    def meaning(placeholder: str) -> pl.Expr:
        if placeholder in texts:
            return texts[placeholder]
        if placeholder == "label" and field is not None:
            return pl.lit(field.label)
        if placeholder == "value" and field is not None:
            return value_text(pl.col(field.id), FIELD_TYPES[field.type])
        if placeholder == "form":
            return pl.lit(f"{form.number}（{form.title}）")
        return pl.col({"unit": "unit_text"}.get(placeholder, placeholder)).cast(pl.String)

    return meaning


def _check(
    rule: Rule,
    form: Form,
    field: Field | None,
    concerned: pl.Expr,
    verdict: pl.Expr,
    *,
    words: str = "",
    texts: Mapping[str, pl.Expr] = MappingProxyType({}),
) -> Check:
    return Check(
        id=rule.id if field is None else f"{rule.id}.{field.id}",
        rule=rule,
        form=form.id,
        fields=() if field is None else (field.id,),
        finding_field=None if field is None else field.id,
        is_concerned=concerned,
        verdict=verdict,
        meaning=_meaning(form, field, **texts),
        value=lambda: texts["total"] if "total" in texts else _value(field),
        operands=lambda: operands_text(_values(field, texts)),
        label=ACROSS_FIELDS if field is None else field.label,
        words=words or rule.words,
    )


def _value(field: Field | None) -> pl.Expr:
    return pl.lit(None, pl.String) if field is None else plain_text(field.id, FIELD_TYPES[field.type])


def _values(field: Field | None, texts: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
    if field is None:
        return {}
    if "total" in texts:
        return {name: texts[name] for name in ("total", "sum")}
    return {field.id: plain_text(field.id, FIELD_TYPES[field.type])}


def _rows_check(rule: Rule, form: Form) -> Check:
    concerned = one_of("row_kind", (DATA_ROW, MISSING_ROW))
    verdict = pl.when(concerned).then(pl.col("row").is_not_null())
    return replace(_check(rule, form, None, concerned, verdict), label="行")


def _unique_check(rule: Rule, form: Form) -> Check:
    names = [key_column(form.field(name)) if name != "org_code" else name for name in form.key]
    key = ["submission", *names]
    concerned = pl.col("row_kind") == DATA_ROW
    is_whole = pl.all_horizontal(pl.col(name).is_not_null() for name in names)
    verdict = pl.when(concerned & is_whole).then(~pl.struct(key).is_duplicated())
    field = form.field(form.item_field) if form.item_field else None
    labels = "和".join(form.field(name).label if name != "org_code" else "所属单位" for name in form.key)
    check = _check(
        rule, form, field, concerned, verdict, words=f"{labels}不重复", texts={"key": pl.lit(labels)}
    )
    return replace(check, label=ACROSS_FIELDS)


def _required_check(rule: Rule, field: Field, form: Form) -> Check:
    answered = pl.col(f"{field.id}__is_answered")
    words = f"{field.label}应填写"
    return _check(rule, form, field, answered.is_not_null(), answered, words=words)


def _range_check(rule: Rule, field: Field, form: Form) -> Check:
    value, bounds = pl.col(field.id), bounds_text(field)
    parts = [
        *([value >= field.low] if field.low is not None else []),
        *([value <= field.high] if field.high is not None else []),
    ]
    return _check(
        rule, form, field, _is_asked(field, form), pl.all_horizontal(parts),
        words=f"{field.label}应{bounds}", texts={"bounds": pl.lit(bounds)},
    )  # fmt: skip


def _codes_check(rule: Rule, field: Field, form: Form, labels: tuple[str, ...]) -> Check:
    codes = "、".join(labels)
    return _check(
        rule, form, field, _is_asked(field, form), pl.col(field.id).is_in(list(labels)),
        words=f"{field.label}应从选项中选填：{codes}", texts={"codes": pl.lit(codes)},
    )  # fmt: skip


def _is_asked(field: Field, form: Form) -> pl.Expr:
    is_data = pl.col("row_kind") == DATA_ROW
    at_level = one_of("org_level", form.levels_of(field)).fill_null(False)
    return is_data if form.is_roster else is_data & at_level


def _check_each(form: Form, rulebook: RuleBook, name: CheckName, fields: list[Field]) -> Iterator[Check]:
    """The check ``name`` on each of ``fields``."""
    rule = rulebook.of_check(name)
    for field in fields if rule is not None else ():
        assert rule is not None, "checked above"
        condition = _condition(rule, name, field, form)
        texts = _texts(name, field)
        yield _check(rule, form, field, condition.is_concerned, condition.verdict, texts=texts)


def _condition(rule: Rule, name: CheckName, field: Field, form: Form) -> Condition:
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


def _texts(name: CheckName, field: Field) -> dict[str, pl.Expr]:
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
