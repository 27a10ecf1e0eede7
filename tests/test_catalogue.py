"""The catalogue: names are a grammar and the vocabulary is closed."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator

import pytest
import yaml

from tests.measure_rows import LANHE
from warehouse.catalogue.load import DEFAULT_FOLDER, REGISTRY_FORM, Catalogue, load_catalogue
from warehouse.catalogue.models import Field

BINZHOU = load_catalogue()
BOTH = [pytest.param(BINZHOU, id="binzhou"), pytest.param(load_catalogue(LANHE), id="lanhe")]


# ------------------------------------------------------------------------------------------------ names

SUFFIX_OF_TYPE = {
    "count": r"_count$",
    "cny": r"_cny$",
    "rank": r"_rank$",
    "year": r"_year$",
    "date": r"_date$",
    "boolean": r"^(is|has)_",
}
SNAKE = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")


def all_fields(catalogue: Catalogue) -> Iterator[Field]:
    for form in catalogue.forms.values():
        yield from form.fields


@pytest.mark.parametrize("catalogue", BOTH)
def test_names_are_a_grammar(catalogue: Catalogue) -> None:
    wrong = [f.id for f in all_fields(catalogue) if not re.search(SUFFIX_OF_TYPE.get(f.type, ""), f.id)]
    plain = [f for f in all_fields(catalogue) if f.type in ("text", "code")]
    wrong += [f.id for f in plain if any(re.search(s, f.id) for s in SUFFIX_OF_TYPE.values())]
    wrong += [m.id for m in catalogue.measures.values() if not re.search(r"_(count|cny|rank)$", m.id)]
    names = [
        catalogue.forms,
        catalogue.programmes,
        catalogue.code_lists,
        catalogue.measures,
        catalogue.indicators,
    ]
    wrong += [name for group in names for name in group if not SNAKE.match(name)]
    assert not wrong


@pytest.mark.parametrize("catalogue", BOTH)
def test_labels_of_a_form_lead_to_one_field_each(catalogue: Catalogue) -> None:
    for form in catalogue.forms.values():
        labels = [label for f in form.fields for label in {f.label, *f.aliases}]
        assert len(labels) == len(set(labels)), form.id


@pytest.mark.parametrize("catalogue", BOTH)
def test_numbers_have_a_unit_and_possible_values(catalogue: Catalogue) -> None:
    for field in all_fields(catalogue):
        if field.type in ("count", "cny", "rank"):
            assert field.unit, field.id
            assert field.low is not None, field.id
            assert field.high is None or field.low < field.high, field.id


# ------------------------------------------------------------------------------------------------ closed vocabulary


@pytest.mark.parametrize("catalogue", BOTH)
def test_every_code_list_is_used(catalogue: Catalogue) -> None:
    assert set(catalogue.code_lists) == {f.codes for f in all_fields(catalogue) if f.codes}


def test_every_shared_field_is_used() -> None:
    forms = [path.read_text(encoding="utf-8") for path in (DEFAULT_FOLDER / "forms").glob("*.yaml")]
    shared = re.findall(
        r"^- id: (\w+)", (DEFAULT_FOLDER / "shared_fields.yaml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert shared
    assert [s for s in shared if not any(f"shared: {s}," in f or f"shared: {s}}}" in f for f in forms)] == []


@pytest.mark.parametrize("catalogue", BOTH)
def test_every_programme_has_an_indicator(catalogue: Catalogue) -> None:
    assert set(catalogue.programmes) == {i.programme for i in catalogue.indicators.values()}


def test_every_reported_measure_is_read_by_an_indicator() -> None:
    read = {t.name for i in BINZHOU.indicators.values() for t in BINZHOU.expand_formula(i).terms}
    assert {m.id for m in BINZHOU.measures.values() if m.form != REGISTRY_FORM} <= read


def test_every_reported_measure_has_a_plain_indicator_of_its_own() -> None:
    """So that no column of the yearbook needs a query of the lower tables."""
    plain = {i.formula for i in BINZHOU.indicators.values()}
    assert [m.id for m in BINZHOU.measures.values() if m.form != REGISTRY_FORM and m.id not in plain] == []


def test_each_programme_has_one_file_of_indicators_with_its_own_only() -> None:
    for path in (DEFAULT_FOLDER / "indicators").glob("*.yaml"):
        programmes = {record["programme"] for record in yaml.safe_load(path.read_text(encoding="utf-8"))}
        assert programmes == {path.stem}, f"{path.name} holds the indicators of its programme and no others"
    assert {p.stem for p in (DEFAULT_FOLDER / "indicators").glob("*.yaml")} == set(BINZHOU.programmes)


# ------------------------------------------------------------------------------------------------ registry


def test_a_number_counted_from_the_registry_is_a_measure_nobody_reports() -> None:
    measure = BINZHOU.measures["registry_village_count"]
    assert (measure.form, measure.levels, measure.kind) == (REGISTRY_FORM, ("village",), "stock")
    assert REGISTRY_FORM not in BINZHOU.forms


@pytest.mark.parametrize("catalogue", BOTH)
def test_the_roster_has_the_counties_of_the_year_and_the_city_itself_last(catalogue: Catalogue) -> None:
    for year in range(catalogue.settings.first_year, catalogue.settings.last_year + 1):
        roster = catalogue.registry.roster(year)
        counties = catalogue.registry.units(year).filter(level="county")["org_code"].to_list()
        assert roster["unit_code"].to_list() == [*sorted(counties), catalogue.settings.city.code]


@pytest.mark.parametrize("catalogue", BOTH)
def test_every_unit_has_itself_and_each_unit_above_it_as_ancestors(catalogue: Catalogue) -> None:
    year = catalogue.settings.last_year
    depth = {"city": 1, "county": 2, "township": 3, "village": 4}
    counted = catalogue.registry.ancestors(year).group_by("org_code").len()
    for row in catalogue.registry.units(year).join(counted, on="org_code").iter_rows(named=True):
        assert row["len"] == depth[row["level"]], row["org_code"]


def test_what_a_catalogue_keeps_of_its_units_is_not_pickled_with_it() -> None:
    catalogue = load_catalogue(LANHE)
    before = pickle.dumps(catalogue)
    names = catalogue.unit_names()
    catalogue.registry.units(2023)
    assert len(pickle.dumps(catalogue)) == len(before)
    assert pickle.loads(before).unit_names() == names
