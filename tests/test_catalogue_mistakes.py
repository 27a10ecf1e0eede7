"""A mistake in the catalogue is answered with its file and line, in one Chinese sentence."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.catalogue_mistakes import MISTAKES
from tests.measure_rows import LANHE
from warehouse.catalogue.load import CatalogueError, load_catalogue


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


@pytest.mark.parametrize("name", ["桥头镇", '"桥头镇"', '"桥头镇,新区"'])
def test_a_mistake_stands_in_the_line_of_the_file_whether_names_are_quoted_and_lines_blank_or_not(
    folder: Path, name: str
) -> None:
    path = folder / "registry" / "org_units.csv"
    lines = path.read_text(encoding="utf-8").replace("990101001,桥头镇", f"990101001,{name}").splitlines()
    text = "\r\n".join([lines[0], "", ",,,,,", *lines[1:], "990101003001,一村,village,990101009,,", ""])
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(CatalogueError, match=f"org_units.csv:{len(lines) + 3}: .*990101009"):
        load_catalogue(folder)


def test_the_version_changes_with_any_declared_file_and_with_nothing_else(folder: Path) -> None:
    before = load_catalogue(folder).version
    assert load_catalogue(LANHE).version == before
    (folder / "notes.txt").write_text("not declared", encoding="utf-8")
    assert load_catalogue(folder).version == before
    bend(folder, "registry/org_units.csv", "柳林村", "柳树村")
    assert load_catalogue(folder).version != before


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
