"""Sample entries of every reporting unit for one year: invented, steady over the years, adding up to declared totals.

The split over units is invented; whoever writes workbooks of these entries marks them as samples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from pydantic import ValidationError

from transforms.samples.rosters import RosterSamples
from transforms.samples.spec import EQUAL, SampleSpec, UnitField, UnitForm, WishRefused
from transforms.samples.unit_samples import UnitSamples, draw_unit_sizes
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.mistakes import unknown_name
from warehouse.catalogue.models import Field, Form
from warehouse.catalogue.yaml_source import Source
from warehouse.registry.levels import Level

_TYPES = {"boolean": pl.Boolean, "date": pl.Date, "code": pl.String, "text": pl.String}


def make_sample_entries(
    catalogue: Catalogue, spec: Mapping[str, Any] | None, year: int
) -> dict[str, dict[str, pl.DataFrame]]:
    """unit_code -> form id -> frame of org_code and the form's fields, ready to be written into workbooks.

    ``spec`` is the content of samples.yaml (none or empty: everything small and plausible). Values are in stored units:
    numbers as floats, 不适用 as text, null where a field is not asked of a row's level; columns that mix the two have
    the Object type. A roster without rows is a frame of no rows. Raises ValueError naming what is declared wrongly.
    """
    wishes = read_spec(catalogue, spec)
    rosters = RosterSamples(catalogue, wishes, year, draw_unit_sizes(catalogue, wishes, year))
    forms = {form.id: form for level in ("county", "city") for form in catalogue.forms_of(level, year)}
    listed = {form.id: rosters.rows(form) for form in forms.values() if form.is_roster}
    roster_counts = {
        form_id: Counter(str(row["org_code"]) for row in rows) for form_id, rows in listed.items()
    }
    figures = UnitSamples(catalogue, wishes, year, roster_counts)
    tables = {
        form.id: listed[form.id] if form.is_roster else _unit_rows(figures, form, year)
        for form in forms.values()
    }
    return {
        unit: {
            form.id: _frame(form, year, [row for row in tables[form.id] if row["org_code"] in members])
            for form in catalogue.forms_of(level, year)
        }
        for unit, level, members in _reporting_units(catalogue, year)
    }


def read_declared_spec(catalogue: Catalogue) -> Mapping[str, Any]:
    """The content of the catalogue's samples.yaml; {} where it has none. CatalogueError with file and line."""
    path = catalogue.folder / "samples.yaml"
    if not path.exists():
        return {}
    source = Source(path)
    spec: Mapping[str, Any] = source.content or {}
    wishes = source.read(SampleSpec, spec)
    try:
        _require_known(catalogue, wishes)
    except WishRefused as error:
        raise source.error(error.position, str(error)) from None
    return spec


def read_spec(catalogue: Catalogue, spec: Mapping[str, Any] | None) -> SampleSpec:
    """The typed wishes. ValueError for a wrong attribute, WishRefused for a form or field the catalogue has not."""
    try:
        wishes = SampleSpec.model_validate(dict(spec or {}))
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}：{first['msg']}") from None
    _require_known(catalogue, wishes)
    return wishes


def _require_known(catalogue: Catalogue, wishes: SampleSpec) -> None:
    """WishRefused for a form or field the catalogue has not, and for one that cannot be followed."""
    for kind, forms in (("units", wishes.units), ("rosters", wishes.rosters)):
        for form_id, plan in forms.items():
            if form_id not in catalogue.forms:
                raise WishRefused([kind, form_id], unknown_name("报表", form_id, catalogue.forms))
            known = [field.id for field in catalogue.forms[form_id].fields]
            named = [(["fields", name], name) for name in plan.fields]
            if isinstance(plan, UnitForm) and plan.presence is not None:
                named.append((["presence", "field"], plan.presence.field))
            for position, name in named:
                if name not in known:
                    said = unknown_name(f"报表“{form_id}”的栏目", name, known)
                    raise WishRefused([kind, form_id, *position], said)
    asked = _list_levels(catalogue)
    for form_id, wish in wishes.units.items():
        for name, field in wish.fields.items():
            _require_followed(catalogue, asked, catalogue.forms[form_id], name, field)


def _list_levels(catalogue: Catalogue) -> dict[str, set[Level]]:
    """The fields of forms with rows of units, each with the levels that are asked for it."""
    asked: dict[str, set[Level]] = {}
    for form in catalogue.forms.values():
        for field in () if form.is_roster else form.fields:
            asked.setdefault(field.id, set()).update(form.levels_of(field))
    return asked


def _require_followed(
    catalogue: Catalogue, asked: Mapping[str, set[Level]], form: Form, name: str, wish: UnitField
) -> None:
    """WishRefused where a field is to follow one that there is not, or that other units are asked for.

    ``asked``: as :func:`_list_levels` gives it.
    """

    def refuse(attribute: str, sentence: str) -> WishRefused:
        said = f"报表“{form.id}”字段{name}的 {attribute}：{sentence}"
        return WishRefused(["units", form.id, "fields", name, attribute], said)

    own = set(form.levels_of(form.field(name)))
    for attribute, other in wish.list_followed():
        if other not in asked:
            raise refuse(attribute, unknown_name("栏目", other, asked))
        if not asked[other] & own:
            raise refuse(attribute, f"字段“{other}”不由同一层级的单位填报，无从取数")
    weights = [EQUAL, *(roster.id for roster in catalogue.forms.values() if roster.is_roster), *asked]
    if wish.weight is not None and wish.weight not in weights:
        raise refuse("weight", unknown_name("栏目", wish.weight, weights))


def _unit_rows(figures: UnitSamples, form: Form, year: int) -> list[dict[str, Any]]:
    columns = {field.id: figures.column(form, field) for field in form.fields_at(form.levels, year)}
    codes = [unit.code for unit in figures.units if unit.level in form.levels]
    return [
        {"org_code": code, **{name: values.get(code) for name, values in columns.items()}} for code in codes
    ]


def _reporting_units(catalogue: Catalogue, year: int) -> list[tuple[str, str, frozenset[str]]]:
    """Code, level and org units of everyone who reports; the city's own level has the city's row alone."""
    units = catalogue.registry.units(year)
    found = []
    for code, level in catalogue.registry.roster(year).select("unit_code", "unit_level").iter_rows():
        inside = (
            units.filter(pl.col("county_code") == code)["org_code"]
            if level == "county"
            else pl.Series([code])
        )
        found.append((str(code), str(level), frozenset(inside)))
    return found


def _frame(form: Form, year: int, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    columns = [pl.Series("org_code", [row["org_code"] for row in rows], dtype=pl.String)]
    fields = form.fields_at(form.levels, year)
    columns += [_series(field, [row.get(field.id) for row in rows]) for field in fields]
    return pl.DataFrame(columns)


def _series(field: Field, values: list[Any]) -> pl.Series:
    dtype = pl.Float64 if field.is_numeric else _TYPES[field.type]
    is_mixed = dtype != pl.String and any(isinstance(value, str) for value in values)
    return pl.Series(field.id, values, dtype=pl.Object if is_mixed else dtype)
