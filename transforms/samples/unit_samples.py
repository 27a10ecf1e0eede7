"""Samples of the forms with one row per org unit: each field's values for the whole city in one year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

import polars as pl

from transforms.samples.lots import apportion_total, draw_lot
from transforms.samples.spec import EQUAL, Presence, SampleSpec, Term, UnitField, UnitForm, in_year
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.registry.levels import LEVELS, Level
from warehouse.words import labels

Value = float | str | bool | date | None
_SPREAD = 0.25


class Unit(NamedTuple):
    """An org unit as far as samples need it."""

    code: str
    level: Level


class UnitSamples:
    """The values of one year; fields are computed when first asked for, so that one may build on another."""

    def __init__(
        self, catalogue: Catalogue, spec: SampleSpec, year: int, roster_rows: Mapping[str, Mapping[str, int]]
    ) -> None:
        self.catalogue = catalogue
        self.spec = spec
        self.year = year
        self.roster_rows = roster_rows  # roster form -> org_code -> rows
        self._columns: dict[tuple[str, str], dict[str, Value]] = {}
        self._running: set[tuple[str, str]] = set()
        self._owner = {
            field.id: form for form in catalogue.forms.values() if not form.is_roster for field in form.fields
        }

    @cached_property
    def units(self) -> list[Unit]:
        """All org units of the year, upper levels first, by code."""
        units = self.catalogue.registry.units(self.year)
        return [
            Unit(code, level)
            for level in LEVELS
            for code in units.filter(pl.col("level") == level)["org_code"].sort()
        ]

    @cached_property
    def size(self) -> dict[str, float]:
        """A unit's weight among those of its level."""
        return draw_unit_sizes(self.catalogue, self.spec, self.year)

    def column(self, form: Form, field: Field) -> dict[str, Value]:
        """org_code -> value of ``field``, for the rows at whose level it is asked."""
        key = (form.id, field.id)
        if key not in self._columns:
            if key in self._running:
                raise ValueError(f"报表“{form.id}”的字段“{field.id}”绕回了它自己")
            self._running.add(key)
            self._columns[key] = self._fill_column(form, field)
            self._running.discard(key)
        return self._columns[key]

    def _fill_column(self, form: Form, field: Field) -> dict[str, Value]:
        plan = self.spec.units.get(form.id, UnitForm())
        rows = [u for u in self.units if u.level in form.levels_of(field)]
        absent = self._select_absent_units(form, plan.presence)
        if plan.presence is not None and field.id == plan.presence.field:
            return {u.code: u.code not in absent for u in rows}
        present = [u for u in rows if u.code not in absent]
        values = self._values(form, field, plan.fields.get(field.id), present)
        not_applicable = self.catalogue.settings.words.not_applicable[0]
        return {u.code: values.get(u.code, not_applicable) for u in rows}

    def _values(self, form: Form, field: Field, plan: UnitField | None, rows: list[Unit]) -> dict[str, Value]:
        codes = [u.code for u in rows]
        if plan is None:
            return {code: self._default(field, code) for code in codes}
        if plan.value is not None:
            value = in_year(plan.value, self.year)
            text = value.format(year=self.year) if isinstance(value, str) else value
            stored = float(text) if isinstance(text, (int, float)) and not isinstance(text, bool) else text
            return dict.fromkeys(codes, stored)
        if plan.choices is not None:
            return {
                c: self._draw_answer(field, plan.choices.get(u.level, {}), c)
                for c, u in zip(codes, rows, strict=True)
            }
        if plan.terms:
            return {c: d for c in codes if (d := self._draw_renewal_day(field, plan.terms, c)) is not None}
        if plan.done_by is not None:
            done = self._look_up_column(plan.done_by)
            return {code: isinstance(done.get(code), date) for code in codes}
        if plan.rest_of or plan.ratio is not None or plan.total is not None:
            return dict(self._derive_numbers(form, field, plan, rows))
        return {code: self._default(field, code) for code in codes}

    def _derive_numbers(
        self, form: Form, field: Field, plan: UnitField, rows: list[Unit]
    ) -> dict[str, float]:
        codes = [u.code for u in rows]
        if plan.rest_of:
            first, *others = (self._numbers(name) for name in plan.rest_of)
            return {c: first.get(c, 0.0) - sum(other.get(c, 0.0) for other in others) for c in codes}
        if plan.ratio is not None:
            return self._in_ratio(field, plan, codes)
        return self._share_out(form, field, plan, rows)

    def _in_ratio(self, field: Field, plan: UnitField, codes: list[str]) -> dict[str, float]:
        of, ratio = self._numbers(plan.of or ""), in_year(plan.ratio or 0.0, self.year)
        caps = self._caps(plan, codes)
        values = (
            float(round(of.get(c, 0.0) * ratio * self._noise(field, c, plan.spread or 0.0, 0.0)))
            for c in codes
        )
        return {c: min(v, cap) for c, v, cap in zip(codes, values, caps, strict=True)}

    def _share_out(self, form: Form, field: Field, plan: UnitField, rows: list[Unit]) -> dict[str, float]:
        total = in_year(plan.total or 0, self.year)
        levels = [lv for lv in form.levels if any(u.level == lv for u in rows)]
        shares = plan.level_shares or {}
        per_level = apportion_total(
            total, [shares.get(lv, 0.0 if shares else sum(u.level == lv for u in rows)) for lv in levels]
        )
        result: dict[str, float] = {}
        for level, part in zip(levels, per_level, strict=True):
            codes = [u.code for u in rows if u.level == level]
            weights = self._weights(field, plan, codes)
            try:
                parts = apportion_total(part, weights, plan.minimum, self._caps(plan, codes))
            except ValueError as error:
                raise ValueError(f"字段“{field.id}”，{labels.LEVEL[level]}，{self.year}年：{error}") from None
            result |= {c: float(n) for c, n in zip(codes, parts, strict=True)}
        return result

    def _weights(self, field: Field, plan: UnitField, codes: list[str]) -> list[float]:
        base: Mapping[str, float]
        if plan.weight is None:
            base = self.size
        elif plan.weight == EQUAL:
            base = dict.fromkeys(codes, 1.0)
        elif plan.weight in self.roster_rows:
            base = {code: float(n) for code, n in self.roster_rows[plan.weight].items()}
        else:
            base = self._numbers(plan.weight)
        spread = _SPREAD if plan.spread is None else plan.spread
        return [base.get(c, 0.0) * self._noise(field, c, spread, plan.jitter) for c in codes]

    def _caps(self, plan: UnitField, codes: list[str]) -> list[float]:
        if plan.at_most is None:
            return [float("inf")] * len(codes)
        if isinstance(plan.at_most, int):
            return [float(plan.at_most)] * len(codes)
        limit = self._numbers(plan.at_most)
        return [limit.get(c, 0.0) for c in codes]

    def _look_up_column(self, name: str) -> dict[str, Value]:
        form = self._owner.get(name)
        if form is None:
            raise ValueError(f"“{name}”既不是报表的字段，也不是名册")
        return self.column(form, form.field(name))

    def _numbers(self, name: str) -> dict[str, float]:
        return {c: float(v) for c, v in self._look_up_column(name).items() if isinstance(v, (int, float))}

    def _noise(self, field: Field, code: str, spread: float, jitter: float) -> float:
        lasting = 1 + spread * (2 * draw_lot(self.spec.seed, code, field.id) - 1)
        passing = 1 + jitter * (2 * draw_lot(self.spec.seed, code, field.id, self.year) - 1)
        return lasting * passing

    def _draw_answer(self, field: Field, choices: Mapping[str, float], code: str) -> Value:
        if not choices:
            return self._default(field, code)
        at = draw_lot(self.spec.seed, code, field.id) * sum(choices.values())
        for label, weight in choices.items():
            at -= weight
            if at < 0:
                return label
        return list(choices)[-1]

    def _draw_renewal_day(self, field: Field, terms: tuple[Term, ...], code: str) -> date | None:
        """The day this unit renewed in the term that had begun by the end of the year; None when it had not."""
        begun = [term for term in terms if term.begin <= date(self.year, 12, 31)]
        if not begun or draw_lot(self.spec.seed, code, field.id, begun[-1].begin, "share") >= begun[-1].share:
            return None
        term = begun[-1]
        days = (term.end - term.begin).days + 1
        day = term.begin + timedelta(days=int(draw_lot(self.spec.seed, code, field.id, term.begin) * days))
        return day if day <= date(self.year, 12, 31) else None

    def _select_absent_units(self, form: Form, presence: Presence | None) -> frozenset[str]:
        if presence is None:
            return frozenset()
        named = tuple(code.rstrip("*") for code in presence.absent if code.endswith("*"))
        listed = {
            u
            for u in (unit.code for unit in self.units)
            if u in presence.absent or (named and u.startswith(named))
        }
        absent = set(listed)
        for level, counts in presence.absent_count.items():
            codes = [u.code for u in self.units if u.level == level]
            queue = sorted(
                codes, key=lambda c: (c not in listed, draw_lot(self.spec.seed, c, form.id, "absent"))
            )
            absent.update(queue[: in_year(counts, self.year)])
        return frozenset(absent)

    def _default(self, field: Field, code: str) -> Value:
        return default_value(self.catalogue, field, self.spec.seed, code, self.year)


def default_value(catalogue: Catalogue, field: Field, seed: str, key: str, year: int) -> Value:
    """A plausible value of a field nobody declared: small, steady over the years, within the field's bounds."""
    at = draw_lot(seed, key, field.id)
    if field.type == "boolean":
        return at < 0.9
    if field.type == "code":
        labels = catalogue.code_lists[field.codes or ""].labels
        return labels[int(at * len(labels))]
    if field.type == "date":
        return date(year, 1, 1) + timedelta(days=int(at * 364))
    if field.type == "text":
        return f"{field.label}（{catalogue.settings.words.sample_mark}）"
    if field.type == "year":
        low = field.low or year - 8
        return float(max(low, min(field.high or year, year - int(at * 8))))
    value = float(round((4 + at * 16) * (1 + 0.03 * (year - catalogue.settings.first_year))))
    if field.type == "cny":
        value *= 1000
    return min(max(value, field.low or 0.0), field.high if field.high is not None else value)


def draw_unit_sizes(catalogue: Catalogue, spec: SampleSpec, year: int) -> dict[str, float]:
    """org_code -> weight, the same over the years: the declared size of a county (default: its villages) spread over
    its townships by the square root of their villages, and evenly over the villages of a township."""
    units = catalogue.registry.units(year)
    villages = dict(
        units.filter(pl.col("level") == "village")
        .group_by("township_code")
        .len()
        .sort("township_code")
        .iter_rows()
    )
    roots = {
        code: max(villages.get(code, 0), 1) ** 0.5
        for code in units.filter(pl.col("level") == "township")["org_code"]
    }
    sizes: dict[str, float] = {}
    for code, level, county, township in units.select(
        "org_code", "level", "county_code", "township_code"
    ).iter_rows():
        if level == "city":
            sizes[code] = 1.0
            continue
        whole = spec.sizes.get(
            county, float(sum(n for t, n in villages.items() if t.startswith(county))) or 1.0
        )
        if level == "county":
            sizes[code] = whole
            continue
        among = sum(root for t, root in roots.items() if t.startswith(county))
        of_township = whole * roots[township] / among
        sizes[code] = of_township if level == "township" else of_township / villages[township]
    return sizes
