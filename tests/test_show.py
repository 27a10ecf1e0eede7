"""``nianbao show`` over a small published warehouse: what is asked for by id or name, what is answered, what is drawn."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from flows.settings import find_installation
from tests.terminal import Terminal, is_one_chinese_sentence
from tests.warehouse_samples import NOON, batch, indicator
from warehouse.catalogue.load import load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish

COUNTIES = {"371602": "滨城区", "371603": "沾化区"}
TOWNSHIP = "371602001"


def numbers(name: str, value: float, unit: str = "人") -> list[pl.DataFrame]:
    """Two years of the city, twice as much in the second; a county with half of it, and one that did not report lately."""
    found = []
    for year, times in ((2023, 1), (2024, 2)):
        more = {"year": year, "unit": unit, "programme": "organisation", "kind": "stock"}
        coverage = {"coverage_pct": 100.0, "reported_count": 8}
        city = {"org_name": "滨州市", **coverage, **more}
        found.append(indicator(name, value * times, **city))
        for code, county in COUNTIES.items():
            reported = code == "371602" or year == 2023
            of_county = {"org_name": county, "parent_code": "371600", **coverage, **more}
            found.append(indicator(name, value * times / 2 if reported else None, code, **of_county))
        of_township = {"org_name": "市中街道", "parent_code": "371602", **coverage, **more}
        found.append(indicator(name, value * times / 4, TOWNSHIP, **of_township))
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("published") / "warehouse.duckdb"
    with NightBuild(build_path(database), None, load_catalogue()) as build:
        build.add_batch(**batch("滨城区", 1))
        stated = [*numbers("member_count", 1000.0), *numbers("member_per_10k", 50.25, "人/万人")]
        build.set_indicators(pl.concat(stated), at=NOON)
        build.add_run({"run": "run-1", "started_at": "2025-01-01T01:00:00+08:00", "journal_count": 1})
    publish(build_path(database), database)
    return database.parent


@pytest.fixture
def nianbao(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    find_installation.cache_clear()
    return Terminal(Path(shutil.copytree(home, tmp_path / "home")), monkeypatch, capsys)


def line_of(said: str, name: str) -> list[str]:
    [line] = [line for line in said.splitlines() if line.startswith(f"│ {name} ")]
    return [cell.strip() for cell in line.strip("│").split("│")][1:]


def test_without_a_unit_the_city_and_its_counties_are_shown(nianbao: Terminal) -> None:
    said = nianbao("show", "member_count")
    assert said.code == 0, said.err
    assert "个人会员（单位：人）  滨州市2023—2024年" in said.out
    assert line_of(said.out, "滨州市")[:2] == ["1,000", "2,000"]
    assert line_of(said.out, "沾化区")[:2] == ["500", "…"]
    assert "图例：… 未报送。" in said.out
    assert "市中街道" not in said.out


@pytest.mark.parametrize("org", ["371602", "滨城区"])
@pytest.mark.parametrize("asked", ["member_count", "个人会员"])
def test_a_unit_is_shown_with_those_below_it_named_by_code_or_name(
    nianbao: Terminal, asked: str, org: str
) -> None:
    said = nianbao("show", asked, org)
    assert line_of(said.out, "市中街道")[:2] == ["250", "500"]
    assert "沾化区" not in said.out


def test_numbers_have_the_decimals_that_the_indicator_declares(nianbao: Terminal) -> None:
    assert line_of(nianbao("show", "member_per_10k", "371602").out, "滨城区")[:2] == ["25.1", "50.3"]


def test_one_year_is_shown_when_asked_for(nianbao: Terminal) -> None:
    said = nianbao("show", "member_count", "--year", "2023")
    assert "滨州市2023年" in said.out
    assert line_of(said.out, "沾化区")[0] == "500"
    assert "图例" not in said.out


def test_json_has_the_rows_with_their_states(nianbao: Terminal) -> None:
    found = json.loads(nianbao("show", "member_count", "--years", "2024-2024", "--json").out)
    assert [(row["org_name"], row["value"], row["state"]) for row in found] == [
        ("滨州市", 2000.0, "value"),
        ("滨城区", 1000.0, "value"),
        ("沾化区", None, "not_reported"),
    ]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (["menber_count"], "没有指标 menber_count。是否为 member_count（个人会员）？"),
        (["个人会圆"], "是否为 member_count（个人会员）？"),
        (["会员数"], "名称中有“会员数”的是："),
        (["qqqq"], "全部指标见 mart.dictionary"),
        (["member_count", "宾城区"], "没有单位 宾城区。是否为 滨城区（371602）？"),
        (["member_count", "999999"], "没有单位 999999。单位代码见 core.org_unit。"),
        (["member_count", "371603001"], "没有单位 371603001 的“个人会员”"),
        (["member_count", "--year", "2019"], "没有单位 371600 2019年的“个人会员”"),
        (["member_count", "--year", "1999"], "报告年度应在2019至2024之间"),
        (["member_count", "--years", "一九"], "年度应写作 2024 或 2019-2024"),
        (["member_count", "--year", "2024", "--years", "2023-2024"], "只能写一个"),
        (["member_count", "--chart", "a.html"], "图只能写成 .svg 或 .png 文件，不能写成 .html"),
    ],
)
def test_what_cannot_be_shown_is_answered_with_a_sentence(
    nianbao: Terminal, asked: list[str], answer: str
) -> None:
    said = nianbao("show", *asked)
    assert said.code == 2
    assert is_one_chinese_sentence(said.err) or said.err.rstrip().endswith("？")
    assert answer in said.err
    assert said.out == ""


def test_where_nothing_is_published_a_sentence_says_what_to_do(nianbao: Terminal) -> None:
    (nianbao.home / "warehouse.duckdb").unlink()
    said = nianbao("show", "member_count")
    assert (said.code, is_one_chinese_sentence(said.err)) == (2, True)


def test_the_picture_is_drawn_with_chinese_words_and_the_unit(nianbao: Terminal, tmp_path: Path) -> None:
    target = tmp_path / "会员.svg"
    said = nianbao("show", "member_count", "--chart", str(target))
    assert said.code == 0, said.err
    assert f"图已写入：{target}" in said.out
    texts = [node.text for node in ET.parse(target).getroot().iter("{http://www.w3.org/2000/svg}text")]
    assert {"滨州市2023—2024年个人会员", "单位：人", "滨城区", "沾化区", "2,000"} <= set(texts)


def test_the_picture_is_written_as_png_too(nianbao: Terminal, tmp_path: Path) -> None:
    assert nianbao("show", "member_count", "--year", "2024", "--chart", str(tmp_path / "a.PNG")).code == 0
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_told_with_its_place(nianbao: Terminal, tmp_path: Path) -> None:
    said = nianbao("show", "member_count", "--chart", str(tmp_path / "none" / "a.svg"))
    assert (said.code, is_one_chinese_sentence(said.err)) == (2, True)
    assert str(tmp_path / "none" / "a.svg") in said.err


def test_only_the_published_file_is_read(nianbao: Terminal) -> None:
    whole = nianbao.home / "warehouse.restricted.duckdb"
    whole.write_bytes(b"no warehouse: whoever reads this fails")
    assert nianbao("show", "member_count").code == 0
