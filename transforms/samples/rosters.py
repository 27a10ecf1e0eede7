"""Samples of the rosters: sites, projects and cases with names in org units, growing over the years."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import polars as pl

from transforms.samples.lots import apportion_total, draw_lot
from transforms.samples.spec import RosterField, RosterForm, SampleSpec, in_year
from transforms.samples.unit_samples import default_value
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form

Item = dict[str, Any]
_ORDINALS = "一二三四五六七八九十"


class RosterSamples:
    """The rosters of one year; ``sizes`` gives the weight of each org unit."""

    def __init__(self, catalogue: Catalogue, spec: SampleSpec, year: int, sizes: Mapping[str, float]) -> None:
        self.catalogue = catalogue
        self.spec = spec
        self.year = year
        self.sizes = sizes

    def rows(self, form: Form) -> list[Item]:
        """The rows of ``form`` of all units together, by org_code: org_code and every field of the form."""
        plan = self.spec.rosters.get(form.id, RosterForm(items=max(1, len(self._list_hosts(form)) // 4)))
        items = self._list_items(form, plan)
        for index, item in enumerate(items):
            item["_quantile"] = index / len(items)
        for field in form.fields:
            if field.id == form.item_field:
                continue
            wish = plan.fields.get(field.id)
            if wish is not None and wish.counts is not None:
                self._deal(form, plan, field, wish, items)
            for item in items:
                if field.id not in item:
                    item[field.id] = self._answer(form, field, wish, item)
        self._name(form, plan, items)
        rows = [
            {"org_code": item["org_code"], **{f.id: item.get(f.id) for f in form.fields}} for item in items
        ]
        return sorted(rows, key=lambda row: str(row["org_code"]))

    def _list_items(self, form: Form, plan: RosterForm) -> list[Item]:
        """Rows known by name first, then drawn ones: org_code, the year it joined, its number within its unit."""
        first = self.catalogue.settings.first_year
        since = [int(row.get("since", first)) for row in plan.fixed]
        items: list[Item] = [
            {**{k: v for k, v in row.items() if k != "since"}, "_joined": start, "_number": 0}
            for row, start in zip(plan.fixed, since, strict=True)
            if start <= self.year
        ]
        per_year = plan.items if isinstance(plan.items, dict) else {first: plan.items or 0}
        wanted = in_year(per_year, self.year) - len(items)
        if wanted <= 0:
            return items
        if plan.annual:
            orgs, joined = (
                self._spread_over_hosts(form, wanted, f"{form.id}{self.year}"),
                [self.year] * wanted,
            )
        else:
            # The list of the last declared year is laid out once, so that a site keeps its unit over the years.
            drawn_counts = {
                y: in_year(per_year, y) - sum(start <= y for start in since) for y in sorted(per_year)
            }
            orgs = self._spread_over_hosts(form, max(drawn_counts.values()), form.id)
            joined = [next(y for y, n in drawn_counts.items() if n > i) for i in range(wanted)]
        numbers: Counter[str] = Counter()
        for org, start in zip(orgs, joined, strict=False):
            items.append({"org_code": org, "_joined": start, "_number": numbers[org]})
            numbers[org] += 1
        return items

    def _spread_over_hosts(self, form: Form, count: int, key: str) -> list[str]:
        """Org units for ``count`` rows in proportion to size, mixed so that the first rows are spread too."""
        seed, hosts = self.spec.seed, self._list_hosts(form)
        quotas = apportion_total(count, [self.sizes[p] * (0.7 + 0.6 * draw_lot(seed, p, key)) for p in hosts])
        turns = [
            ((turn + draw_lot(seed, host, key, turn)) / quota, host)
            for host, quota in zip(hosts, quotas, strict=True)
            for turn in range(quota)
        ]
        return [host for _, host in sorted(turns)]

    def _list_hosts(self, form: Form) -> list[str]:
        """The units of the form's lowest level, which rows may belong to."""
        units = self.catalogue.registry.units(self.year)
        return units.filter(pl.col("level") == form.levels[-1])["org_code"].sort().to_list()

    def _deal(self, form: Form, plan: RosterForm, field: Field, wish: RosterField, items: list[Item]) -> None:
        """Give each declared answer to the declared number of rows, including those known by name."""
        year = self.year if plan.annual else self.catalogue.settings.last_year
        open_rows = [item for item in items if field.id not in item]
        if plan.annual:
            open_rows.sort(
                key=lambda item: draw_lot(
                    self.spec.seed, field.id, self.year, item["org_code"], item["_number"]
                )
            )
        for answer, counts in (wish.counts or {}).items():
            known = sum(item.get(field.id) == answer for item in items)
            take = max(in_year(counts, year) - known, 0)
            for item in open_rows[:take]:
                item[field.id] = answer
            open_rows = open_rows[take:]
        for item in open_rows:
            item[field.id] = (
                wish.otherwise if wish.otherwise is not None else next(iter(wish.counts or ()), None)
            )

    def _answer(self, form: Form, field: Field, wish: RosterField | None, item: Item) -> object:
        key = f"{item['org_code']}/{item['_number']}"
        if wish is None:
            return default_value(self.catalogue, field, self.spec.seed, key, self.year)
        if wish.joined is not None:
            first = self.catalogue.settings.first_year
            back = int(draw_lot(self.spec.seed, form.id, key, "joined") * (first - wish.joined + 1))
            return float(item["_joined"] - (back if item["_joined"] == first else 0))
        if wish.share is not None:
            return bool(item["_quantile"] < in_year(wish.share, self.year))
        if wish.value is not None:
            value = in_year(wish.value, self.year)
            text = value.format(year=self.year) if isinstance(value, str) else value
            return float(text) if field.is_numeric and isinstance(text, (int, float, str)) else text
        return default_value(self.catalogue, field, self.spec.seed, key, self.year)

    def _name(self, form: Form, plan: RosterForm, items: list[Item]) -> None:
        """Full names, unique within a unit, the same every year."""
        patterns = plan.names or (f"{{place}}{form.title}{self.catalogue.settings.words.sample_mark}",)
        name_field = form.item_field or "name"
        below = self._shuffle_children()
        taken: set[tuple[str, str]] = {(i["org_code"], i[name_field]) for i in items if name_field in i}
        for item in items:
            if name_field in item:
                continue
            org, number = str(item["org_code"]), int(item["_number"])
            turn = (
                number
                + int(draw_lot(self.spec.seed, org, form.id) * 97)
                + (self.year * 7 if plan.annual else 0)
            )
            hosts = below.get(org) or [org]
            pattern = patterns[turn % len(patterns)]
            words = {k: v for k, v in item.items() if not k.startswith("_")}
            base = pattern.format(
                **words, org=self._plain(org), place=self._plain(hosts[turn % len(hosts)]), year=self.year
            )
            name, again = base, 1
            while (org, name) in taken:
                name, again = f"{base}（{_ORDINALS[again % 10]}）", again + 1
            taken.add((org, name))
            item[name_field] = name

    def _shuffle_children(self) -> dict[str, list[str]]:
        """org_code -> codes of its child units in random order."""
        below: defaultdict[str, list[str]] = defaultdict(list)
        units = self.catalogue.registry.units(self.year)
        for code, parent in units.select("org_code", "parent_code").sort("org_code").iter_rows():
            if parent is not None:
                below[parent].append(code)
        for codes in below.values():
            codes.sort(key=lambda code: draw_lot(self.spec.seed, code, "place"))
        return below

    def _plain(self, code: str) -> str:
        name = self._unit_names[code]
        for suffix in self.spec.name_suffixes:
            if len(name) > len(suffix) + 1:
                name = name.removesuffix(suffix)
        return name

    @cached_property
    def _unit_names(self) -> dict[str, str]:
        return dict(self.catalogue.registry.units(self.year).select("org_code", "name").iter_rows())
