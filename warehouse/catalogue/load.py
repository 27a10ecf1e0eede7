"""Reads a catalogue folder into one checked :class:`Catalogue`.

A folder holds catalogue.yaml, programmes.yaml, code_lists.yaml, shared_fields.yaml, forms/*.yaml (one form a file),
indicators/*.yaml (lists), registry/*.csv and, where a city keeps its own, rules/*.yaml, samples.yaml, contacts.yaml and
bulletin.yaml.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.catalogue.bulletin import BULLETIN, Bulletin, load_bulletin
from warehouse.catalogue.contacts import CONTACTS
from warehouse.catalogue.disclosure import check_disclosure
from warehouse.catalogue.form_checks import check_codes, check_labels, check_numbers, find_unread_measures
from warehouse.catalogue.formulas import expand, parse_at, read_indicators
from warehouse.catalogue.mistakes import unknown_name
from warehouse.catalogue.models import (
    Break,
    CodeList,
    Field,
    Form,
    Indicator,
    Measure,
    Programme,
    SharedFieldUse,
    in_force,
)
from warehouse.catalogue.registry_files import read_registry
from warehouse.catalogue.settings import Settings
from warehouse.catalogue.yaml_source import CatalogueError, Source
from warehouse.expression.expression import Expression
from warehouse.registry.levels import LEVELS, Level
from warehouse.registry.registry import Registry
from warehouse.words import labels

DEFAULT_FOLDER = Path(__file__).parent
REGISTRY_FORM = "registry"
"""The form id of measures that are counted from the year's registry and reported by nobody."""


@dataclass(frozen=True)
class Catalogue:
    """Everything city-specific, checked for closed vocabulary: every name used is defined."""

    folder: Path
    version: str  # sha256 over all files of the folder that numbers depend on, first 12 digits
    settings: Settings
    programmes: dict[str, Programme]
    code_lists: dict[str, CodeList]
    forms: dict[str, Form]
    measures: dict[str, Measure]
    indicators: dict[str, Indicator]
    registry: Registry

    def __getstate__(self) -> dict[str, object]:
        """Pickle what is declared, without what is kept of it."""
        return {declared.name: getattr(self, declared.name) for declared in fields(self)}

    def in_year(self, year: int) -> Catalogue:
        """The catalogue as workbooks of ``year`` print it: labels, code lists and head of the forms as they were then."""
        forms = {
            name: form.model_copy(update={"fields": tuple(f.in_year(year) for f in form.fields)})
            for name, form in self.forms.items()
        }
        lists = {name: codes.in_year(year) for name, codes in self.code_lists.items()}
        return replace(self, forms=forms, code_lists=lists, settings=self.settings.in_year(year))

    def asked_levels(self, measure: Measure) -> tuple[Level, ...]:
        """The levels asked for ``measure``: those of its form that some workbook has rows for."""
        if measure.form == REGISTRY_FORM:
            return measure.levels
        reported_by = self.forms[measure.form].reported_by
        return tuple(lv for lv in measure.levels if ("city" if lv == "city" else "county") in reported_by)

    def field_of(self, measure: Measure) -> Field | None:
        """The field that ``measure`` is; none where rows are counted."""
        form = self.forms.get(measure.form)
        return next((f for f in form.fields if f.id == measure.id), None) if form else None

    def asked_years(self, measure: Measure, years: Iterable[int]) -> list[int]:
        """Those of ``years`` in which ``measure`` is asked."""
        if measure.form == REGISTRY_FORM:
            return list(years)
        form, field = self.forms[measure.form], self.field_of(measure)
        return [y for y in years if in_force(form, y) and (field is None or in_force(field, y))]

    def computed_levels(self, indicator: Indicator) -> tuple[Level, ...]:
        """The levels of ``indicator`` with a number: those at or above a level asked for each of its terms."""
        lowest = min(
            max(LEVELS.index(level) for level in self.asked_levels(self.measures[term.name]))
            for term in self.expand_formula(indicator).terms
        )
        return tuple(level for level in indicator.levels if LEVELS.index(level) <= lowest)

    def forms_of(self, unit_level: str, year: int) -> list[Form]:
        """The forms in force in ``year`` that a reporting unit of ``unit_level`` (county or city) fills in."""
        return [f for f in self.forms.values() if unit_level in f.reported_by and in_force(f, year)]

    def unit_names(self) -> Mapping[str, str]:
        """Code -> name of the org units; the city's code has the name of its own level."""
        return self._unit_names

    def explain_not_reported(self, year: int, unit_code: str | None = None) -> str:
        """One Chinese sentence why nobody reports for ``year``, or ``unit_code`` does not; '' where they do."""
        first, last = self.settings.first_year, self.settings.last_year
        if not first <= year <= last:
            open_it = f"开放下一年度请先运行 nianbao year open {year}。" if year == last + 1 else ""
            return f"报告年度应在{first}至{last}之间，填的是{year}。{open_it}"
        units = self.registry.roster(year)["unit_code"]
        if unit_code is not None and unit_code not in units:
            return f"{year}年度没有代码为 {unit_code} 的填报单位，可用的代码：{'、'.join(units)}。"
        return ""

    def row_levels(self, form: Form, unit_level: str) -> tuple[Level, ...]:
        """The levels of the rows of ``form`` in the workbook of a unit of ``unit_level``.

        The city's own workbook holds the city's row only; a county's holds everything below the city.
        """
        return tuple(lv for lv in form.levels if (lv == "city") == (unit_level == "city"))

    def expand_formula(self, indicator: Indicator) -> Expression:
        """The indicator's formula with names of other indicators replaced until only measures remain.

        A name that is both measure and indicator means the measure.
        """
        if (known := self._expansions.get(indicator.formula)) is None:
            known = self._expansions[indicator.formula] = expand(indicator, self.measures, self.indicators)
        return known

    def measures_of(self, indicator: Indicator) -> list[Measure]:
        """The measures that the indicator is computed from, once for each term of its formula."""
        return [self.measures[term.name] for term in self.expand_formula(indicator).terms]

    def list_readers(self, measures: Collection[str]) -> list[Indicator]:
        """The indicators that are computed from one of ``measures``, in the catalogue's order."""
        return [i for i in self.indicators.values() if any(m.id in measures for m in self.measures_of(i))]

    def breaks_of(self, indicator: Indicator) -> list[Break]:
        """The changes of meaning 口径变更 of an indicator and of the fields that its numbers come from, by year."""
        fields = (self.field_of(measure) for measure in self.measures_of(indicator))
        found = [*indicator.breaks, *(b for field in fields if field for b in field.breaks)]
        return sorted(dict.fromkeys(found), key=lambda b: (b.year, b.text))

    @cached_property
    def bulletin(self) -> Bulletin:
        """What is said of the programmes in public. CatalogueError: it is read when it is asked for."""
        counties = self.registry.all_units.filter(pl.col("level") == "county")["org_code"].to_list()
        return load_bulletin(self.folder, self.programmes, self.indicators, counties)

    @cached_property
    def quanta(self) -> dict[str, float]:
        """Measure -> its quantum."""
        return {measure.id: measure.quantum for measure in self.measures.values()}

    @cached_property
    def _unit_names(self) -> Mapping[str, str]:
        """Kept, because a night asks for it about ten times and a country has hundreds of thousands."""
        units = self.registry.all_units
        names = dict(zip(units["org_code"].to_list(), units["name"].to_list(), strict=True))
        return names | {self.settings.city.code: self.settings.city.own_level_name}

    @cached_property
    def _expansions(self) -> dict[str, Expression]:
        """Formula -> its expansion, cached because a night asks for each several times."""
        return {}


def load_catalogue(folder: Path | None = None) -> Catalogue:
    """Read and check a catalogue. Raises CatalogueError naming file and line."""
    folder = folder or DEFAULT_FOLDER
    settings_source = Source(folder / "catalogue.yaml")
    settings = settings_source.read(Settings, settings_source.content)
    programmes = _index_unique(Source(folder / "programmes.yaml"), Programme)
    code_source = Source(folder / "code_lists.yaml")
    code_lists = _index_unique(code_source, CodeList)
    check_codes(code_source, code_lists)
    shared_path = folder / "shared_fields.yaml"
    shared = _index_unique(Source(shared_path), Field) if shared_path.exists() else {}
    forms: dict[str, Form] = {}
    measures = {m.id: m for m in _list_registry_measures()}
    sources: dict[str, Source] = {}
    positions: dict[str, list[str | int]] = {}
    for path in sorted((folder / "forms").glob("*.yaml")):
        source = Source(path)
        form = _read_form(source, shared)
        if form.id in forms or form.id == REGISTRY_FORM:
            raise source.error(["id"], f"报表编号“{form.id}”已经用过")
        _check_form(source, form, programmes, code_lists)
        check_labels(source, form)
        forms[form.id], sources[form.id] = form, source
        for position, measure in _list_measures(form):
            if measure.id in measures:
                raise source.error(position, f"计量编号“{measure.id}”已经用过，各报表的数字栏和计数不能同名")
            measures[measure.id], positions[measure.id] = measure, position
    check_numbers(sources, forms.values())
    check_disclosure(settings_source, settings.disclosure, measures)
    listed = {f.id: form.title for form in forms.values() if form.is_roster for f in form.fields if f.kind}
    indicators = read_indicators(folder, programmes, measures, listed)
    read = {i.id: expand(i, measures, indicators).names for i in indicators.values()}
    for measure in find_unread_measures(measures, indicators.values(), read):
        if measure.form != REGISTRY_FORM:
            raise sources[measure.form].error(
                positions[measure.id],
                f"“{measure.label}”（{measure.id}）没有任何指标用到，请加一条指标（公式写 {measure.id} 即可）",
            )
    return Catalogue(
        folder=folder,
        version=_hash_folder(folder),
        settings=settings,
        programmes=programmes,
        code_lists=code_lists,
        forms=forms,
        measures=measures,
        indicators=indicators,
        registry=read_registry(
            folder / "registry",
            settings.city.code,
            range(settings.first_year, settings.last_year + 1),
            partial(_is_asked, tuple(forms.values())),
        ),
    )


def _index_unique(source: Source, model: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, record in enumerate(source.read_list(model)):
        if record.id in found:
            raise source.error([index, "id"], f"编号“{record.id}”写了两次")
        found[record.id] = record
    return found


def _read_form(source: Source, shared: dict[str, Field]) -> Form:
    content = dict(source.content or {})
    fields = []
    for index, entry in enumerate(content.get("fields") or []):
        if isinstance(entry, dict) and "shared" in entry:
            use = source.read(SharedFieldUse, entry, ["fields", index])
            if use.shared not in shared:
                raise source.error(["fields", index], unknown_name("共用栏目", use.shared, shared))
            given = use.model_dump(exclude_unset=True, exclude={"shared"})
            fields.append({**shared[use.shared].model_dump(), **given})
        else:
            fields.append(entry)
    content["fields"] = fields
    return source.read(Form, content)


def _check_form(
    source: Source, form: Form, programmes: dict[str, Programme], code_lists: dict[str, CodeList]
) -> None:
    if form.programme not in programmes:
        raise source.error(
            ["programme"], f"{unknown_name('项目', form.programme, programmes)}（各项目写在 programmes.yaml）"
        )
    names: set[str] = set()
    for index, field in enumerate(form.fields):
        if field.id in names:
            raise source.error(["fields", index], f"本表有两个栏目的编号都是“{field.id}”")
        names.add(field.id)
        if field.codes is not None and field.codes not in code_lists:
            raise source.error(["fields", index, "codes"], unknown_name("代码表", field.codes, code_lists))
        if field.levels and not set(field.levels) <= set(form.levels):
            raise source.error(["fields", index, "levels"], f"栏目“{field.label}”的层级超出了本表的层级")
    for index, count in enumerate(form.counts):
        undefined = (
            parse_at(source, ["counts", index, "where"], count.where).names - names - {"org_level", "year"}
        )
        if undefined:
            raise source.error(
                ["counts", index, "where"],
                f"计数条件：本表{unknown_name('的栏目', min(undefined), names)}",
            )
    for name in [*form.key, *([form.item_field] if form.item_field else [])]:
        if name not in names | {"org_code"}:
            raise source.error(["key"], f"本表{unknown_name('的栏目', name, names)}")
    if form.is_roster and form.item_field is None:
        raise source.error(["rows"], "名册类报表要用 item_field 写明以哪个栏目称呼一行")
    if form.is_roster and not form.key:
        raise source.error(["rows"], "名册类报表要用 key 写明以哪些栏目区分各行，如 key: [org_code, name]")


def _list_registry_measures() -> list[Measure]:
    """The number of units of each level, for denominators of coverage."""
    names = {level: name for level, name in labels.LEVEL.items() if level != "city"}
    return [
        Measure(
            id=f"registry_{level}_count",
            form=REGISTRY_FORM,
            label=f"{name}总数",
            unit="个",
            kind="stock",
            levels=(level,),
            meaning=f"报告年度单位名录中的{name}数，不需填报。",
        )
        for level, name in names.items()
    ]


def _list_measures(form: Form) -> list[tuple[list[str | int], Measure]]:
    """The measures of a form, each with its position in the file."""
    fields: list[tuple[list[str | int], Measure]] = [
        (
            ["fields", index],
            Measure(
                id=f.id,
                form=form.id,
                label=f.label,
                unit=f.unit,
                kind=f.kind,
                levels=form.levels_of(f),
                meaning=f.meaning,
            ),
        )
        for index, f in enumerate(form.fields)
        if f.kind is not None and not form.is_roster
    ]
    counts: list[tuple[list[str | int], Measure]] = [
        (
            ["counts", index],
            Measure(
                id=c.id,
                form=form.id,
                label=c.label,
                unit=c.unit,
                kind=c.kind,
                levels=c.levels or form.levels,
                where=c.where,
                meaning=c.meaning,
            ),
        )
        for index, c in enumerate(form.counts)
    ]
    return fields + counts


def _hash_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    declared = (p for p in folder.rglob("*") if p.suffix in (".yaml", ".csv"))
    of_no_number = {folder / CONTACTS, folder / BULLETIN}
    for path in sorted(p for p in declared if p not in of_no_number):
        digest.update(str(path.relative_to(folder)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


__all__ = ["DEFAULT_FOLDER", "REGISTRY_FORM", "Catalogue", "CatalogueError", "load_catalogue"]


def _is_asked(forms: tuple[Form, ...], level: str, year: int) -> bool:
    """Whether some form asks reporting units of ``level`` in ``year``."""
    return any(level in form.reported_by and in_force(form, year) for form in forms)
