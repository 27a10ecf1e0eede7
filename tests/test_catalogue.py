"""The catalogue: names are a grammar, the vocabulary is closed, and a mistake is answered with file and line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.measure_rows import LANHE
from warehouse.catalogue.load import DEFAULT_FOLDER, REGISTRY_FORM, Catalogue, CatalogueError, load_catalogue
from warehouse.catalogue.models import Field

BINZHOU = load_catalogue()
BOTH = [pytest.param(BINZHOU, id="binzhou"), pytest.param(load_catalogue(LANHE), id="lanhe")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the invented city's catalogue, to be bent in one place."""
    return Path(shutil.copytree(LANHE, tmp_path / "catalogue"))


def bend(folder: Path, file: str, old: str, new: str) -> int:
    """Replaces the first ``old`` in a file; returns the line it stood on."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


# ------------------------------------------------------------------------------------------------ mistakes

MISTAKES = [
    ("an unknown key", "forms/2_care.yaml", "unit: 户, kind", "unitt: 户, kind", "unitt"),
    (
        "a key that stands twice",
        "forms/2_care.yaml",
        "grain: 每行为一个镇",
        "grain: 每行为一个镇\nrows: roster",
        "stands twice",
    ),
    (
        "a key that stands twice in an indicator",
        "indicators/care.yaml",
        "  unit: 户次\n",
        "  unit: 户次\n  unit: 次\n",
        "stands twice",
    ),
    ("a missing key", "indicators/care.yaml", "  name_zh: 累计走访\n", "", "name_zh"),
    ("an empty Chinese name", "indicators/care.yaml", "name_zh: 累计走访", "name_zh: ''", "name_zh"),
    ("an id outside the grammar", "forms/2_care.yaml", "id: visit_count", "id: Visit-Count", "pattern"),
    (
        "an unknown level",
        "indicators/network.yaml",
        "[city, county, township, village]",
        "[city, hamlet]",
        "levels",
    ),
    ("a number without kind", "forms/2_care.yaml", "unit: 户, kind: stock,", "unit: 户,", "stock or flow"),
    (
        "a programme nobody declared",
        "forms/2_care.yaml",
        "programme: care",
        "programme: cares",
        "'cares' is not defined",
    ),
    (
        "an indicator's programme",
        "indicators/care.yaml",
        "programme: care",
        "programme: cares",
        "'cares' is not defined",
    ),
    (
        "a code list nobody declared",
        "forms/3_site.yaml",
        "codes: tier",
        "codes: tiers",
        "'tiers' is not defined",
    ),
    (
        "a field twice in a form",
        "forms/2_care.yaml",
        "id: talk_count",
        "id: visit_count",
        "stands twice in the form",
    ),
    (
        "a measure twice in the catalogue",
        "forms/3_site.yaml",
        "id: site_count",
        "id: visit_count",
        "already defined",
    ),
    ("a form twice", "forms/3_site.yaml", "id: site", "id: care", "already defined"),
    ("a form called registry", "forms/3_site.yaml", "id: site", "id: registry", "already defined"),
    (
        "an indicator twice",
        "indicators/care.yaml",
        "id: visit_yoy_pct",
        "id: visit_share_pct",
        "already defined",
    ),
    (
        "an indicator twice in two files",
        "indicators/network.yaml",
        "id: member_count",
        "id: visit_yoy_pct",
        "already defined",
    ),
    ("a programme twice", "programmes.yaml", "id: care", "id: network", "stands twice"),
    (
        "an undefined name in a formula",
        "indicators/care.yaml",
        "formula: cumulative(visit_count)",
        "formula: cumulative(visits)",
        "visits",
    ),
    (
        "a formula that is none",
        "indicators/care.yaml",
        "formula: cumulative(visit_count)",
        "formula: cumulative(visit_count",
        "not an expression",
    ),
    (
        "an undefined name in a count",
        "forms/3_site.yaml",
        "where: name IS NOT NULL",
        "where: title IS NOT NULL",
        "title",
    ),
    (
        "a formula that reads itself",
        "indicators/care.yaml",
        "formula: share(visit_count)",
        "formula: share(visit_share_pct)",
        "defined by itself",
    ),
    (
        "a formula that reads one that is none",
        "indicators/care.yaml",
        "formula: (visit_count - prev(visit_count)) / prev(visit_count) * 100",
        "formula: visit_share_pct +",
        "not an expression",
    ),
    (
        "a measure's name for something else",
        "indicators/network.yaml",
        "formula: member_count",
        "formula: member_count * 2",
        "is a measure",
    ),
    (
        "a rank of a rank",
        "indicators/care.yaml",
        "rank(visit_per_100_households)",
        "rank(visit_share_pct)",
        "not part of the expression",
    ),
    (
        "last year of a cumulative number",
        "indicators/care.yaml",
        "formula: share(visit_count)",
        "formula: prev(visit_cumulative_count)",
        "takes one name",
    ),
    (
        "a total row in a formula",
        "indicators/care.yaml",
        "formula: share(visit_count)",
        "formula: total(visit_count)",
        "total()",
    ),
    (
        "a rank of villages",
        "indicators/care.yaml",
        "  formula: share(visit_count)\n  levels: [county, township]",
        "  formula: share(visit_count)\n  levels: [county, village]",
        "villages",
    ),
    (
        "a field at a level its form has not",
        "forms/2_care.yaml",
        "id: visit_count, ",
        "id: visit_count, levels: [village], ",
        "a level the form has not",
    ),
    ("a roster without the name of its rows", "forms/3_site.yaml", "item_field: name\n", "", "item_field"),
    (
        "a key that is no field",
        "forms/3_site.yaml",
        "key: [org_code, name]",
        "key: [org_code, title]",
        "title",
    ),
    (
        "two indicators with one name",
        "indicators/network.yaml",
        "name_zh: 公众号关注人数",
        "name_zh: 会员",
        "“会员”已用于指标“member_count”",
    ),
    (
        "two indicators with one name in two files",
        "indicators/network.yaml",
        "name_zh: 公众号关注人数",
        "name_zh: 累计走访",
        "“累计走访”已用于",
    ),
    (
        "a cumulative number that does not say so",
        "indicators/care.yaml",
        "name_zh: 累计走访",
        "name_zh: 走访",
        "写明“累计”",
    ),
    (
        "persons of many years as persons",
        "indicators/care.yaml",
        "unit: 户次\n  kind: cumulative",
        "unit: 人\n  kind: cumulative",
        "“人次”",
    ),
    (
        "a running sum of a stock",
        "indicators/care.yaml",
        "cumulative(visit_count)",
        "cumulative(household_count)",
        "时点数",
    ),
    (
        "a kind that is not the formula's window",
        "indicators/care.yaml",
        "kind: share",
        "kind: rate",
        "与公式不符",
    ),
    (
        "a window that the kind does not say",
        "indicators/care.yaml",
        "kind: rank",
        "kind: stock",
        "与公式不符",
    ),
    ("a sum of years called a flow", "indicators/care.yaml", "kind: cumulative", "kind: flow", "其他年度"),
    ("a growth that looks at no other year", "indicators/care.yaml", "kind: rate", "kind: change", "上年数"),
    ("a stock called a flow", "indicators/network.yaml", "kind: stock", "kind: flow", "会员数"),
    ("text that is not YAML", "code_lists.yaml", "- id: tier", "- id: [tier", "not readable as YAML"),
    (
        "a file that is not a list",
        "programmes.yaml",
        "- {id: network, name_zh: 组织网络}\n- {id: care, name_zh: 关爱服务}",
        "id: network",
        "a list of records",
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES]
)
def test_a_mistake_is_answered_with_file_and_line(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    near = bend(folder, file, old, new)
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    message = str(caught.value)
    assert says in message
    place = re.search(r"([a-z0-9_]+\.yaml)\D*?(\d+)", message)
    assert place is not None, message
    assert place[1] == Path(file).name
    assert abs(int(place[2]) - near) <= 8, f"{message} (bent at line {near})"


def test_a_circle_is_refused_also_when_a_formula_only_leads_to_it(folder: Path) -> None:
    rest = "programme: care, unit: 个, kind: flow, meaning: 例"
    formulas = {"a_count": "b_count", "b_count": "c_count + visit_count", "c_count": "b_count"}
    lines = [
        f"- {{id: {name}, name_zh: {name}, {rest}, formula: {formula}}}\n"
        for name, formula in formulas.items()
    ]
    (folder / "indicators" / "circle.yaml").write_text("".join(lines), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"circle\.yaml:2: indicator 'b_count' is defined by itself"):
        load_catalogue(folder)


REGISTRY_MISTAKES = [
    (
        "a column that is missing",
        "org_units.csv",
        "valid_from,valid_to",
        "valid_from,until",
        "columns must be",
    ),
    ("a code with too few digits", "org_units.csv", "990101001,桥头镇", "99010101,桥头镇", "6 digits"),
    ("an unknown level", "org_units.csv", "柳林镇,township", "柳林镇,hamlet", "unknown level"),
    (
        "a unit without the unit above it",
        "org_units.csv",
        "桥头镇,township,990101,",
        "桥头镇,township,990109,",
        "unit above",
    ),
    (
        "a village whose township ended earlier",
        "org_units.csv",
        "柳林镇,township,990102,,",
        "柳林镇,township,990102,,2023",
        "does not exist",
    ),
    (
        "a code in overlapping years",
        "org_units.csv",
        "大湾村,village,990101002,2023,",
        "大湾村,village,990101002,2023,\n990101002003,大湾村,village,990101002,2024,",
        "overlapping",
    ),
    ("a year that is no number", "org_units.csv", "990101002,2023,", "990101002,soon,", "org_units.csv"),
    (
        "a stranger in the succession",
        "succession.csv",
        "990101002001,990101002003",
        "990101002001,990101002009",
        "not in the registry",
    ),
    ("shares that do not add up", "succession.csv", "2023,1.0", "2023,0.5", "add up to 0.5"),
    (
        "a successor that does not exist yet",
        "succession.csv",
        "990101002001,990101002003,2023",
        "990101002001,990101002003,2022",
        "does not exist in that year",
    ),
    (
        "a succession after the end",
        "succession.csv",
        "990101002001,990101002003,2023",
        "990101002001,990101002003,2024",
        "did not exist in the year before",
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"), [m[1:] for m in REGISTRY_MISTAKES], ids=[m[0] for m in REGISTRY_MISTAKES]
)
def test_a_mistake_in_the_registry_is_answered_with_its_file(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    bend(folder, f"registry/{file}", old, new)
    with pytest.raises(CatalogueError, match=re.escape(file)) as caught:
        load_catalogue(folder)
    assert says in str(caught.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "programmes.yaml").unlink()
    with pytest.raises(CatalogueError, match=r"programmes\.yaml: the file is missing"):
        load_catalogue(folder)


def test_a_unit_may_change_its_name_while_those_below_it_go_on(folder: Path) -> None:
    bend(
        folder,
        "registry/org_units.csv",
        "990102001,柳林镇,township,990102,,",
        "990102001,柳林乡,township,990102,,2022\n990102001,柳林镇,township,990102,2023,",
    )
    registry = load_catalogue(folder).registry
    assert registry.units(2022).filter(org_code="990102001")["name"].to_list() == ["柳林乡"]
    assert registry.units(2023).filter(org_code="990102001")["name"].to_list() == ["柳林镇"]


def test_the_version_changes_with_any_declared_file_and_with_nothing_else(folder: Path) -> None:
    before = load_catalogue(folder).version
    assert load_catalogue(LANHE).version == before
    (folder / "notes.txt").write_text("not declared", encoding="utf-8")
    assert load_catalogue(folder).version == before
    bend(folder, "registry/org_units.csv", "柳林村", "柳树村")
    assert load_catalogue(folder).version != before


# ------------------------------------------------------------------------------------------------ names

SUFFIX_OF_TYPE = {
    "count": r"_count$",
    "cny": r"_cny$",
    "rank": r"_rank$",
    "year": r"_year$",
    "date": r"_date$",
    "boolean": r"^(is|has)_",
}
INDICATOR_ID = re.compile(
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*(_count|_cny|_pct|_rank|_years|_per_10k|_per_[a-z0-9_]+)$"
)
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
    wrong += [i for i in catalogue.indicators if not INDICATOR_ID.match(i)]
    names = [catalogue.forms, catalogue.programmes, catalogue.code_lists, catalogue.measures]
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
    read = {t.name for i in BINZHOU.indicators.values() for t in BINZHOU.expanded(i).terms}
    assert {m.id for m in BINZHOU.measures.values() if m.form != REGISTRY_FORM} <= read


def test_every_reported_measure_has_a_plain_indicator_of_its_own() -> None:
    """So that no column of the yearbook needs a query of the lower tables."""
    plain = {i.formula for i in BINZHOU.indicators.values()}
    assert [m.id for m in BINZHOU.measures.values() if m.form != REGISTRY_FORM and m.id not in plain] == []


def test_each_programme_has_one_file_of_indicators_with_its_own_only() -> None:
    for path in (DEFAULT_FOLDER / "indicators").glob("*.yaml"):
        programmes = set(re.findall(r"^  programme: (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert programmes == {path.stem}
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
