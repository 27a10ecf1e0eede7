"""The yearbook: every number on it is the published one, and what is missing says why."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

from flows.settings import find_installation
from flows.yearbook.yearbook import write_yearbook
from tests.read_yearbook import Read, read_tables, year_of
from tests.terminal import Terminal, is_one_chinese_sentence
from tests.yearbook_samples import BINCHENG, CITY, SHIZHONG, UNITS, YEARS, ZHANHUA, published_numbers
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Break
from warehouse.published.figures import YearNotPublished, read_figures
from warehouse.words.number_words import show_number

MISSING = {
    (2022, CITY, "member_count"): {"value": None, "state": "not_reported"},
    (2024, BINCHENG, "member_count"): {"value": None, "state": "held"},
    (2024, ZHANHUA, "volunteer_count"): {"value": None, "state": "not_applicable"},
    (2024, SHIZHONG, "special_family_count"): {"value": None, "state": "suppressed"},
    (2023, BINCHENG, "staff_count"): {"value": 0.0, "state": "zero"},
}
MARKS = {"not_reported": "…", "held": "…", "not_applicable": "—", "suppressed": "*"}
NAMES = {code: name for code, (name, _, _) in UNITS.items()}
_WRITTEN = 1e-15
"""Workbooks hold 16 digits."""
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    return published_numbers(tmp_path_factory.mktemp("published"), catalogue, MISSING)


@pytest.fixture(scope="module")
def yearbook(tmp_path_factory: pytest.TempPathFactory, database: Path, catalogue: Catalogue) -> Path:
    target = tmp_path_factory.mktemp("yearbook") / "年鉴.xlsx"
    write_yearbook(database, catalogue, 2024, target)
    return target


def key_of(read: Read, catalogue: Catalogue) -> tuple[int, str, str]:
    """The year, unit and indicator of a number, by what is written on its table."""
    ids = {i.name_zh: i.id for i in catalogue.indicators.values()}
    codes = {name: code for code, name in NAMES.items()} | {"全市": CITY}
    if read.title.startswith("分乡镇"):
        return year_of(read.title), codes[read.stub.rpartition("/")[2]], ids[read.head]
    if read.head in codes:
        return year_of(read.title), codes[read.head], ids[read.stub]
    if read.title.startswith("分"):
        name = read.title.removeprefix("分县(市、区)").rpartition("（")[0]
        return year_of(read.head), codes[read.stub], ids[name]
    return year_of(read.head), CITY, ids[read.stub]


def test_every_number_of_every_table_is_the_published_one(
    yearbook: Path, database: Path, catalogue: Catalogue
) -> None:
    figures = read_figures(database, catalogue, YEARS, ["city", "county", "township"])
    known = {(f["year"], f["org_code"], f["indicator"]): f for f in figures.iter_rows(named=True)}
    seen = set()
    for read in read_tables(yearbook):
        if read.head.startswith("2024年比上年增长"):
            continue
        key = key_of(read, catalogue)
        figure = known.get(key, {"value": None, "state": "not_applicable", "unit": read.unit})
        assert read.unit == figure["unit"], read
        if figure["value"] is None:
            assert read.cell.value == MARKS[figure["state"]], read
        else:
            assert read.cell.value == pytest.approx(figure["value"], rel=_WRITTEN), (read, figure)
            shown = show_number(figure["value"], None, figure["decimals"])
            assert len(re.findall("0", read.cell.number_format.partition(".")[2])) == figure["decimals"], (
                shown
            )
            seen.add(key)
    levels = {code: level for code, (_, level, _) in UNITS.items()}
    of_last_year = {key for key in known if key[0] == 2024 and known[key]["value"] is not None}
    whole = {k for k in of_last_year if not (levels[k[1]] == "township" and known[k]["kind"] == "change")}
    assert whole <= seen
    of_city = {key for key in known if key[1] == CITY and known[key]["value"] is not None}
    assert of_city <= seen
    main = {name for text in catalogue.bulletin.programmes.values() for name in text.figures}
    of_counties = {
        k for k in known if levels[k[1]] == "county" and k[2] in main and known[k]["value"] is not None
    }
    assert of_counties <= seen


def test_what_is_missing_stands_as_its_mark_and_nothing_else_does(
    yearbook: Path, database: Path, catalogue: Catalogue
) -> None:
    marked = {
        key_of(read, catalogue): read.cell.value
        for read in read_tables(yearbook)
        if isinstance(read.cell.value, str) and not read.head.startswith("2024年比上年增长")
    }
    said = {key: marked.pop(key) for key in MISSING if key in marked}
    assert said == {key: MARKS[bent["state"]] for key, bent in MISSING.items() if bent["state"] in MARKS}
    for (_, code, name), mark in marked.items():
        assert mark == "—"
        assert UNITS[code][1] not in catalogue.indicators[name].levels


def test_growth_is_that_of_the_published_file_where_two_years_compare(
    yearbook: Path, database: Path, catalogue: Catalogue
) -> None:
    figures = read_figures(database, catalogue, [2024], ["city"])
    growth = dict(figures.select("name_zh", "change_pct").iter_rows())
    told = {r.stub: r.cell.value for r in read_tables(yearbook) if r.head.startswith("2024年比上年增长")}
    assert len(told) > 100
    for name, value in told.items():
        assert value == ("—" if growth[name] is None else pytest.approx(growth[name], rel=_WRITTEN))
    assert any(isinstance(value, float) for value in told.values())


def test_tables_are_numbered_in_order_and_listed_with_a_link_each(yearbook: Path) -> None:
    book = openpyxl.load_workbook(yearbook)
    listed = [row[0] for row in book["目录"].iter_rows() if str(row[0].value).startswith("表")]
    numbers = [tuple(map(int, re.findall(r"\d+", str(cell.value))[:2])) for cell in listed]
    assert numbers == sorted(numbers)
    chapters = {chapter for chapter, _ in numbers}
    assert all(next(n for c, n in numbers if c == chapter) == 1 for chapter in chapters)
    for cell in listed:
        sheet, place = cell.hyperlink.location.rsplit("!", 1)
        assert book[sheet.strip("'")][place].value == cell.value


def test_each_sheet_of_tables_has_the_legend_and_is_set_up_to_be_printed(yearbook: Path) -> None:
    book = openpyxl.load_workbook(yearbook)
    for sheet in book.worksheets:
        assert sheet.page_setup.paperSize == 9, sheet.title
        assert sheet.page_setup.fitToHeight == 0, sheet.title
        assert "滨州市计划生育协会" in sheet.oddHeader.left.text
        assert "第 &P 页　共 &N 页" in sheet.oddFooter.center.text
        if sheet.title not in ("封面", "目录", "指标解释"):
            texts = [
                str(c.value) for row in sheet.iter_rows(min_row=sheet.max_row - 3) for c in row if c.value
            ]
            assert any(text.startswith("图例：0 为零；“—”") for text in texts), sheet.title
        if "（乡镇）" in sheet.title:
            assert sheet.print_title_rows == "$2:$3"
            assert sheet.print_title_cols == "$A:$A"


def read_charts(path: Path) -> list[ElementTree.Element]:
    with zipfile.ZipFile(path) as parts:
        names = sorted(n for n in parts.namelist() if n.startswith("xl/charts/chart"))
        return [ElementTree.fromstring(parts.read(name)) for name in names]


def test_charts_draw_the_numbers_of_the_tables_with_title_and_unit(yearbook: Path) -> None:
    book = openpyxl.load_workbook(yearbook)
    charts = read_charts(yearbook)
    assert len(charts) > 15
    for chart in charts:
        titles = ["".join(t.text or "" for t in title.iter(TEXT)) for title in chart.iter(f"{CHART}title")]
        assert len(titles) == 2
        assert "年）" in titles[0]
        assert titles[1].startswith("单位：")
        overlays = [legend.find(f"{CHART}overlay") for legend in chart.iter(f"{CHART}legend")]
        assert all(overlay is None or overlay.get("val") == "0" for overlay in overlays)
        for series in chart.iter(f"{CHART}ser"):
            reference = series.find(f"{CHART}val/{CHART}numRef/{CHART}f")
            assert reference is not None
            sheet, cells = str(reference.text).rsplit("!", 1)
            left, top, right, bottom = range_boundaries(cells)
            drawn = [book[sheet.strip("'")].cell(top, column).value for column in range(left, right + 1)]
            assert top == bottom
            cached = [float(v.text or "") for v in series.findall(f"{CHART}val//{CHART}v")]
            numbers = [value if isinstance(value, float | int) else 0.0 for value in drawn]
            assert cached == numbers
            assert any(numbers)


def test_a_gap_in_a_chart_has_no_label_and_is_told(yearbook: Path) -> None:
    book = openpyxl.load_workbook(yearbook)
    sheet = next(s for s in book.worksheets if s.title.endswith("组织建设"))
    notes = [str(row[0].value) for row in sheet.iter_rows() if str(row[0].value).startswith("图注")]
    assert notes == ["图注：“个人会员”2022年没有数，图中空缺。"]
    [chart] = [
        c for c in read_charts(yearbook) if any(t.text == "个人会员（2020—2024年）" for t in c.iter(TEXT))
    ]
    deleted = [label for label in chart.iter(f"{CHART}dLbl") if label.find(f"{CHART}delete") is not None]
    assert [label.find(f"{CHART}idx").get("val") for label in deleted] == ["2"]  # type: ignore[union-attr]


def test_a_number_that_does_not_cover_all_units_has_a_note(tmp_path: Path, catalogue: Catalogue) -> None:
    short = {"reported_count": 6, "expected_count": 8, "coverage_pct": 75.0}
    bent = {(2023, BINCHENG, "member_count"): short, (2024, SHIZHONG, "member_count"): short}
    write_yearbook(published_numbers(tmp_path, catalogue, bent), catalogue, 2024, tmp_path / "年鉴.xlsx")
    assert list_notes(tmp_path / "年鉴.xlsx", "不含未报的") == {
        "2 组织建设": ["注：2023年“个人会员”：滨城区应报8项、实报6项。数中不含未报的。"],
        "2 组织建设（乡镇）": ["注：2024年“个人会员”：市中街道应报8项、实报6项。数中不含未报的。"],
    }


def test_a_change_of_meaning_within_the_years_of_a_table_has_a_note(
    tmp_path: Path, database: Path, catalogue: Catalogue
) -> None:
    changed = catalogue.indicators["staff_count"].model_copy(
        update={"breaks": (Break(year=2022, text="自该年度起含兼职人员。"),)}
    )
    bent = replace(catalogue, indicators={**catalogue.indicators, "staff_count": changed})
    write_yearbook(database, bent, 2024, tmp_path / "年鉴.xlsx")
    told = list_notes(tmp_path / "年鉴.xlsx", "口径变更")
    assert {name: len(notes) for name, notes in told.items()} == {"综合": 1, "2 组织建设": 2}
    assert told["2 组织建设"][0].endswith("“计生协工作人员”自2022年起口径变更：自该年度起含兼职人员。")
    write_yearbook(database, bent, 2021, tmp_path / "早年.xlsx")
    assert list_notes(tmp_path / "早年.xlsx", "口径变更") == {}


def test_a_county_that_is_no_more_stands_in_the_years_that_it_had(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    database = published_numbers(tmp_path, catalogue, closed={ZHANHUA: 2022, "371603001": 2022})
    write_yearbook(database, catalogue, 2024, tmp_path / "年鉴.xlsx")
    of_county: dict[str, list[Any]] = {}
    for read in read_tables(tmp_path / "年鉴.xlsx"):
        assert read.head != "沾化区", "it is no column of this year"
        assert "富国街道" not in read.stub
        if read.stub == "沾化区":
            of_county.setdefault(read.title, []).append(read.cell.value)
    assert len(of_county) > 40
    for values in of_county.values():
        assert values[3:] == ["—", "—"]
        assert all(isinstance(value, float | int) for value in values[:3])


def list_notes(path: Path, said: str) -> dict[str, list[str]]:
    """The notes in which something is ``said``, by sheet."""
    found: dict[str, list[str]] = {}
    for sheet in openpyxl.load_workbook(path).worksheets:
        texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if said in str(cell.value)]
        if notes := [text for text in texts if text.startswith("注")]:
            found[sheet.title] = notes
    return found


def test_the_cover_says_of_what_the_numbers_are(tmp_path: Path, catalogue: Catalogue) -> None:
    final = {
        (year, code, name): {"maturity": "final"}
        for year in (2020, 2021)
        for code in UNITS
        for name in catalogue.indicators
    }
    database = published_numbers(tmp_path, catalogue, final, (2020, 2021, 2024))
    write_yearbook(database, catalogue, 2024, tmp_path / "年鉴.xlsx")
    cover = openpyxl.load_workbook(tmp_path / "年鉴.xlsx")["封面"]
    texts = [str(cell.value) for row in cover.iter_rows() for cell in row if cell.value]
    assert texts[:3] == ["滨州市计划生育协会", "统计年鉴", "2024"]
    said: dict[str, str] = dict(zip(texts[3::2], texts[4::2], strict=True))
    assert said["数据性质："] == "2020—2021年终报；2024年初报"
    assert said["数据截至："] == "2025年1月1日 02:03"
    heads = {read.head for read in read_tables(tmp_path / "年鉴.xlsx") if read.title.startswith("全市")}
    assert heads - {"2024年比上年增长\n（%）"} == {"2020年", "2021年", "2024年"}


def test_every_indicator_of_the_dictionary_is_explained(yearbook: Path, catalogue: Catalogue) -> None:
    sheet = openpyxl.load_workbook(yearbook)["指标解释"]
    rows: dict[str, Any] = {str(row[0]): row[1:] for row in sheet.iter_rows(min_row=3, values_only=True)}
    for indicator in catalogue.indicators.values():
        unit, meaning, formula, _ = rows[indicator.name_zh]
        assert (unit, meaning) == (indicator.unit, indicator.meaning)
        assert formula
    assert not any(re.search(r"[a-z]{3}_", str(row)) for row in rows.values())


def test_the_same_night_gives_the_same_bytes(
    tmp_path: Path, database: Path, catalogue: Catalogue, yearbook: Path
) -> None:
    write_yearbook(database, catalogue, 2024, tmp_path / "年鉴.xlsx")
    assert (tmp_path / "年鉴.xlsx").read_bytes() == yearbook.read_bytes()


def test_of_a_year_without_data_no_yearbook_is_made(
    tmp_path: Path, database: Path, catalogue: Catalogue
) -> None:
    with pytest.raises(YearNotPublished, match="2019年度还没有公布的数"):
        write_yearbook(database, catalogue, 2019, tmp_path / "年鉴.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def nianbao(
    tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    find_installation.cache_clear()
    home = tmp_path / "home"
    home.mkdir()
    (home / "warehouse.duckdb").symlink_to(database)
    monkeypatch.chdir(tmp_path)
    return Terminal(home, monkeypatch, capsys)


def test_export_writes_the_yearbook_where_it_is_asked_to(nianbao: Terminal, tmp_path: Path) -> None:
    said = nianbao("export", "--yearbook", "2024")
    assert (said.code, said.out.strip()) == (0, "已写出2024年度统计年鉴：年鉴_2024.xlsx")
    assert nianbao("export", "--yearbook", "2024", "--out", str(tmp_path / "新" / "本.xlsx")).code == 0
    assert nianbao("export", "--yearbook", "2024", "--out", str(tmp_path / "新")).code == 0
    assert {p.name for p in (tmp_path / "新").iterdir()} == {"本.xlsx", "年鉴_2024.xlsx"}


@pytest.mark.parametrize(
    "more", [["2019"], ["2024", "--out", "a.pdf"], ["2024", "mart.indicator"], ["2024", "--format", "csv"]]
)
def test_a_yearbook_that_cannot_be_made_is_answered_with_a_sentence(
    nianbao: Terminal, tmp_path: Path, more: list[str]
) -> None:
    said = nianbao("export", "--yearbook", *more)
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
