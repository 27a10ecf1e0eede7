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
    (
        "an unknown key",
        "forms/2_care.yaml",
        "unit: 户, kind",
        "unitt: 户, kind",
        "没有“unitt”这个项目名，是否应为“unit”",
    ),
    (
        "a key that stands twice",
        "forms/2_care.yaml",
        "grain: 每行为一个镇",
        "grain: 每行为一个镇\nrows: roster",
        "写了两次",
    ),
    (
        "a key that stands twice in an indicator",
        "indicators/care.yaml",
        "  unit: 户次\n",
        "  unit: 户次\n  unit: 次\n",
        "写了两次",
    ),
    ("a missing key", "indicators/care.yaml", "  name_zh: 累计走访\n", "", "缺少“name_zh”"),
    ("an empty Chinese name", "indicators/care.yaml", "name_zh: 累计走访", "name_zh: ''", "不能为空"),
    (
        "an id outside the grammar",
        "forms/2_care.yaml",
        "id: visit_count",
        "id: Visit-Count",
        "编号以小写字母开头",
    ),
    (
        "an unknown level",
        "indicators/network.yaml",
        "[city, county, township, village]",
        "[city, hamlet]",
        "只能是",
    ),
    ("a number without kind", "forms/2_care.yaml", "unit: 户, kind: stock,", "unit: 户,", "stock（时点）"),
    (
        "a programme nobody declared",
        "forms/2_care.yaml",
        "programme: care",
        "programme: cares",
        "“cares”没有定义，是否应为“care”",
    ),
    (
        "an indicator's programme",
        "indicators/care.yaml",
        "programme: care",
        "programme: cares",
        "“cares”没有定义，是否应为“care”",
    ),
    (
        "a code list nobody declared",
        "forms/3_site.yaml",
        "codes: tier",
        "codes: tiers",
        "“tiers”没有定义，是否应为“tier”",
    ),
    (
        "a field twice in a form",
        "forms/2_care.yaml",
        "id: talk_count",
        "id: visit_count",
        "两个栏目的编号",
    ),
    (
        "a measure twice in the catalogue",
        "forms/3_site.yaml",
        "id: site_count",
        "id: visit_count",
        "已经用过",
    ),
    ("a form twice", "forms/3_site.yaml", "id: site", "id: care", "已经用过"),
    ("a form called registry", "forms/3_site.yaml", "id: site", "id: registry", "已经用过"),
    (
        "an indicator twice",
        "indicators/care.yaml",
        "id: visit_yoy_pct",
        "id: visit_share_pct",
        "已经用过",
    ),
    (
        "an indicator twice in two files",
        "indicators/network.yaml",
        "id: member_count",
        "id: visit_yoy_pct",
        "已经用过",
    ),
    ("a programme twice", "programmes.yaml", "id: care", "id: network", "写了两次"),
    (
        "an undefined name in a formula",
        "indicators/care.yaml",
        "formula: cumulative(visit_count)",
        "formula: cumulative(visits)",
        "“visits”没有定义",
    ),
    (
        "a formula that is none",
        "indicators/care.yaml",
        "formula: cumulative(visit_count)",
        "formula: cumulative(visit_count",
        "写得不完整",
    ),
    (
        "an undefined name in a count",
        "forms/3_site.yaml",
        "where: name IS NOT NULL",
        "where: title IS NOT NULL",
        "“title”没有定义",
    ),
    (
        "a formula that reads itself",
        "indicators/care.yaml",
        "formula: share(visit_count)",
        "formula: share(visit_share_pct)",
        "绕回了它自己",
    ),
    (
        "a formula that reads one that is none",
        "indicators/care.yaml",
        "formula: (visit_count - prev(visit_count)) / prev(visit_count) * 100",
        "formula: visit_share_pct +",
        "写得不完整",
    ),
    (
        "a measure's name for something else",
        "indicators/network.yaml",
        "formula: member_count",
        "formula: member_count * 2",
        "公式只能是它本身",
    ),
    (
        "a rank of a rank",
        "indicators/care.yaml",
        "rank(visit_per_100_households)",
        "rank(visit_share_pct)",
        "只能写在公式最外层",
    ),
    (
        "last year of a cumulative number",
        "indicators/care.yaml",
        "formula: share(visit_count)",
        "formula: prev(visit_cumulative_count)",
        "应是一个名称",
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
        "去掉 village",
    ),
    (
        "a field at a level its form has not",
        "forms/2_care.yaml",
        "id: visit_count, ",
        "id: visit_count, levels: [village], ",
        "超出了本表的层级",
    ),
    ("a roster of which nothing tells rows apart", "forms/3_site.yaml", "key: [org_code, name]\n", "", "key"),
    ("a roster without the name of its rows", "forms/3_site.yaml", "item_field: name\n", "", "item_field"),
    (
        "a key that is no field",
        "forms/3_site.yaml",
        "key: [org_code, name]",
        "key: [org_code, title]",
        "“title”没有定义",
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
    (
        "two fields with one label",
        "forms/2_care.yaml",
        "label: 讲座场次",
        "label: 走访户次",
        "“走访户次”既指栏目“走访户次”",
    ),
    (
        "an alias that is another field's label, written otherwise",
        "forms/2_care.yaml",
        "label: 讲座场次,",
        "label: 讲座场次, aliases: [走访 户次],",
        "既指栏目“讲座场次”（talk_count），又指栏目“走访户次”（visit_count）",
    ),
    (
        "a range that is none",
        "forms/2_care.yaml",
        "kind: flow, low: 0,",
        "kind: flow, low: 9, high: 3,",
        "下限9大于上限3",
    ),
    (
        "a flow that may fall below zero",
        "forms/2_care.yaml",
        "kind: flow, low: 0,",
        "kind: flow, low: -5,",
        "不小于0",
    ),
    (
        "a field that ends before it begins",
        "forms/2_care.yaml",
        "since: 2022,",
        "since: 2022, until: 2021,",
        "晚于终止年2021",
    ),
    (
        "a form that ends before it begins",
        "forms/3_site.yaml",
        "rows: roster",
        "rows: roster\nsince: 2023\nuntil: 2022",
        "晚于",
    ),
    ("two forms with one number", "forms/3_site.yaml", "number: 兰3表", "number: 兰２表", "表号都是"),
    ("two forms with one title", "forms/3_site.yaml", "title: 服务站名册", "title: 关爱服务情况", "表名都是"),
    (
        "a measure that no indicator reads",
        "indicators/network.yaml",
        "  formula: follower_count\n",
        "  formula: member_count\n",
        "公式只能是它本身",
    ),
    (
        "a count that no indicator reads",
        "forms/3_site.yaml",
        "counts:",
        "counts:\n  - {id: unread_count, label: 未用数, unit: 个, kind: stock, where: name IS NOT NULL, meaning: 例。}",
        "没有任何指标用到",
    ),
    (
        "a code that is two answers",
        "code_lists.yaml",
        "aliases: [市]",
        "aliases: [省]",
        "既指“省级”，又指“市级”",
    ),
    (
        "an alias that is another answer",
        "code_lists.yaml",
        "aliases: [市]",
        "aliases: [省级]",
        "既指“省级”，又指“市级”",
    ),
    (
        "a deadline that never comes",
        "catalogue.yaml",
        "{month: 2, day: 10}",
        "{month: 2, day: 30}",
        "2月30日",
    ),
    ("years the wrong way round", "catalogue.yaml", "last_year: 2024", "last_year: 2020", "晚于 last_year"),
    ("a city's code with letters", "catalogue.yaml", 'code: "990100"', 'code: "99O100"', "代码只用数字"),
    ("a key that is nearly right", "catalogue.yaml", "first_year:", "frist_year:", "是否应为“first_year”"),
    (
        "a word for a number",
        "catalogue.yaml",
        "first_year: 2021",
        "first_year: 前年",
        "应为整数，填的是“前年”",
    ),
    (
        "an unknown function",
        "indicators/care.yaml",
        "cumulative(visit_count)",
        "median(visit_count)",
        "可用的函数有：prev()",
    ),
    (
        "a name that is nearly right",
        "indicators/care.yaml",
        "cumulative(visit_count)",
        "cumulative(vist_count)",
        "是否应为“visit_count”",
    ),
    ("text that is not YAML", "code_lists.yaml", "- id: tier", "- id: [tier", "不符合 YAML 格式"),
    (
        "a file that is not a list",
        "programmes.yaml",
        "- {id: network, name_zh: 组织网络}\n- {id: care, name_zh: 关爱服务}",
        "id: network",
        "若干条记录",
    ),
]


LIBRARY_WORDS = re.compile(
    r"error|valid|expected|input|must|should|should be|not an|pydantic|polars|yaml\.", re.IGNORECASE
)


def assert_chinese(message: str, file: str) -> None:
    """One Chinese sentence after file and line, with nothing of a library's in it but the names that stand in the file."""
    sentence = message.partition(f"{Path(file).name}:")[2].partition(": ")[2] or message
    assert re.search(r"[\u4e00-\u9fff]{2}", sentence), message
    assert not LIBRARY_WORDS.search(sentence.replace("valid_from", "").replace("valid_to", "")), message
    assert "\n" not in sentence


@pytest.mark.parametrize("file", ["catalogue.yaml", "forms/2_care.yaml", "registry/org_units.csv"])
def test_a_file_that_is_not_utf8_is_named_with_its_first_wrong_line(folder: Path, file: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("gbk"))
    first = next(n for n, line in enumerate(text.splitlines(), start=1) if not line.isascii())
    with pytest.raises(CatalogueError, match=rf"{path.name}:{first}: 文件不是 UTF-8 编码"):
        load_catalogue(folder)


@pytest.mark.parametrize("file", ["catalogue.yaml", "registry/org_units.csv"])
def test_a_byte_order_mark_is_no_mistake(folder: Path, file: str) -> None:
    path = folder / file
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_catalogue(folder).settings.city.code == "990100"


def test_a_day_that_does_not_exist_is_named_with_its_line(folder: Path) -> None:
    line = bend(
        folder,
        "catalogue.yaml",
        "form_set:",
        'extensions:\n  - {unit: "990101", year: 2023, until: 2024-02-30, reason: 例}\nform_set:',
    )
    with pytest.raises(CatalogueError, match=rf"catalogue\.yaml:{line + 1}: 日期不存在"):
        load_catalogue(folder)


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
    assert_chinese(message, file)
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
    with pytest.raises(CatalogueError, match=r"circle\.yaml:2: 指标“b_count”的公式绕回了它自己"):
        load_catalogue(folder)


REGISTRY_MISTAKES = [
    ("letters in a code", "org_units.csv", "990101002001,上湾村", "99010100200A,上湾村", "只用数字"),
    (
        "a township under a township",
        "org_units.csv",
        "河湾镇,township,990101,",
        "河湾镇,township,990101001,",
        "应为上一层级的单位",
    ),
    (
        "years the wrong way round",
        "org_units.csv",
        "990101002,2023,",
        "990101002,2023,2022",
        "起始年2023晚于终止年2022",
    ),
    (
        "a row with too few columns",
        "org_units.csv",
        "柳林村,village,990102001,,",
        "柳林村,village,990102001,",
        "本行有5栏",
    ),
    (
        "a city that is another one",
        "org_units.csv",
        "990100,兰河市",
        "990200,兰河市",
        "catalogue.yaml 中是990100",
    ),
    ("a unit without a name", "org_units.csv", "990101001,桥头镇", "990101001,", "不能为空"),
    (
        "a succession that comes back to itself",
        "succession.csv",
        "990101002002,990101002003,2023,1.0",
        "990101002002,990101002001,2023,1.0\n990101002003,990101002002,2023,1.0",
        "绕回了它自己",
    ),
    ("a share above one", "succession.csv", "2023,1.0", "2023,1.5", "承接比例是1.5"),
    ("a share that is no number", "succession.csv", "2023,1.0", "2023,全部", "应为数字"),
    (
        "a row that stands twice",
        "succession.csv",
        "990101002002,990101002003",
        "990101002001,990101002003",
        "写了两次",
    ),
    (
        "a column that is missing",
        "org_units.csv",
        "valid_from,valid_to",
        "valid_from,until",
        "第一行应为",
    ),
    ("a code with too few digits", "org_units.csv", "990101001,桥头镇", "99010101,桥头镇", "乡镇9位"),
    ("an unknown level", "org_units.csv", "柳林镇,township", "柳林镇,hamlet", "“hamlet”不对"),
    (
        "a unit without the unit above it",
        "org_units.csv",
        "桥头镇,township,990101,",
        "桥头镇,township,990109,",
        "不在名录内",
    ),
    (
        "a village whose township ended earlier",
        "org_units.csv",
        "柳林镇,township,990102,,",
        "柳林镇,township,990102,,2023",
        "在2024年不存在",
    ),
    (
        "a code in overlapping years",
        "org_units.csv",
        "大湾村,village,990101002,2023,",
        "大湾村,village,990101002,2023,\n990101002003,大湾村,village,990101002,2024,",
        "年份也有重叠",
    ),
    ("a year that is no number", "org_units.csv", "990101002,2023,", "990101002,soon,", "应为年份"),
    (
        "a stranger in the succession",
        "succession.csv",
        "990101002001,990101002003",
        "990101002001,990101002009",
        "不在名录内",
    ),
    ("shares that do not add up", "succession.csv", "2023,1.0", "2023,0.5", "合计为0.5"),
    (
        "a successor that does not exist yet",
        "succession.csv",
        "990101002001,990101002003,2023",
        "990101002001,990101002003,2022",
        "在2022年不存在",
    ),
    (
        "a succession after the end",
        "succession.csv",
        "990101002001,990101002003,2023",
        "990101002001,990101002003,2024",
        "前一年不存在",
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"), [m[1:] for m in REGISTRY_MISTAKES], ids=[m[0] for m in REGISTRY_MISTAKES]
)
def test_a_mistake_in_the_registry_is_answered_with_its_file(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    bend(folder, f"registry/{file}", old, new)
    with pytest.raises(CatalogueError, match=re.escape(file) + r":\d+: ") as caught:
        load_catalogue(folder)
    assert says in str(caught.value)
    assert_chinese(str(caught.value), file)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "programmes.yaml").unlink()
    with pytest.raises(CatalogueError, match=r"programmes\.yaml: 缺少这个文件"):
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


def test_a_number_of_a_roster_in_a_formula_is_named_as_one_that_is_not_summed_up(folder: Path) -> None:
    seats = (
        "  - {id: seat_count, label: 座位数, type: count, unit: 个, kind: stock, low: 0, meaning: 座位数。}\n"
    )
    bend(folder, "forms/3_site.yaml", "counts:\n", f"{seats}counts:\n")
    bend(
        folder, "indicators/care.yaml", "formula: cumulative(visit_count)", "formula: cumulative(seat_count)"
    )
    with pytest.raises(CatalogueError, match="“seat_count”是名册“服务站名册”的栏目"):
        load_catalogue(folder)
