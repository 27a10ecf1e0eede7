"""Summary tables: the columns are those of the issued forms, every number is the published sum, what is missing says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from flows.settings import find_installation
from flows.summary.summary import FormUnknown, choose_forms, write_summary_tables
from tests.issued_workbooks import issue
from tests.small_counties import small_counties
from tests.summed_measures import CITY, YEAR, published_sums
from tests.terminal import Terminal, is_one_chinese_sentence
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Form
from warehouse.store.query import query

BINCHENG, ZHANHUA, HUIMIN = "371602", "371603", "371621"
TOWNSHIP = "371602001"
MISSING = {
    (BINCHENG, "member_count"): {"value": None, "state": "not_reported"},
    (ZHANHUA, "member_count"): {"value": None, "state": "held"},
    (HUIMIN, "member_count"): {"value": 0.0, "state": "zero"},
    (TOWNSHIP, "special_family_count"): {"value": None, "state": "suppressed"},
    (CITY, "staff_count"): {"reported_count": 3, "expected_count": 4, "coverage_pct": 75.0},
}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return small_counties(tmp_path_factory.mktemp("catalogue") / "few")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Path:
    return published_sums(tmp_path_factory.mktemp("published"), catalogue, MISSING)


@pytest.fixture(scope="module", params=["county", "township"])
def level(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def tables(
    tmp_path_factory: pytest.TempPathFactory, database: Path, catalogue: Catalogue, level: Any
) -> Path:
    target = tmp_path_factory.mktemp("tables") / "汇总表.xlsx"
    write_summary_tables(database, catalogue, YEAR, target, None, level)
    return target


class Sheet(NamedTuple):
    """A sheet of a form: the line of column numbers, and for each column of numbers its label, group and number."""

    form: Form
    sheet: Worksheet
    numbers_line: int
    columns: dict[int, tuple[str, str, str]]

    @property
    def total(self) -> int:
        return next(n for n in range(self.numbers_line, 400) if self.sheet.cell(n, 1).value == "合计")


def read_sheets(path: Path, catalogue: Catalogue) -> Iterator[Sheet]:
    forms = {form.number: form for form in catalogue.forms.values()}
    for sheet in openpyxl.load_workbook(path).worksheets:
        form = forms.get(sheet.title.split()[0])
        if form is not None:
            yield Sheet(form, sheet, *_read_columns(sheet))


def _read_columns(sheet: Worksheet) -> tuple[int, dict[int, tuple[str, str, str]]]:
    """By the line with 甲: what stands over each column number; over a merged block its left cell speaks."""
    line = next(n for n in range(1, 20) if sheet.cell(n, 1).value == "甲")
    top = next(n for n in range(line, 0, -1) if str(sheet.cell(n, 1).value) in ("单位代码", "序号"))
    left = {
        (row, column): sheet.cell(block.min_row, block.min_col).value
        for block in sheet.merged_cells.ranges
        for row in range(block.min_row, block.max_row + 1)
        for column in range(block.min_col, block.max_col + 1)
    }
    found = {}
    for column in range(1, sheet.max_column + 1):
        number = str(sheet.cell(line, column).value)
        over = [left.get((row, column), sheet.cell(row, column).value) for row in range(top, line)]
        if number.isdigit():
            label, group = str(over[-1]), "" if over[0] == over[-1] else str(over[0])
            found[column] = (label, group, number)
    return line, found


def test_columns_are_those_of_the_issued_form_with_their_groups_and_numbers(
    tables: Path, tmp_path: Path, catalogue: Catalogue
) -> None:
    issued = {s.form.id: s for s in read_sheets(issue(catalogue, tmp_path), catalogue)}
    compared = 0
    for summed in read_sheets(tables, catalogue):
        numeric = {f.label for f in summed.form.fields if f.kind is not None}
        if summed.form.id in issued and not summed.form.is_roster:
            asked = {c for c in issued[summed.form.id].columns.values() if c[0] in numeric}
            assert asked <= set(summed.columns.values()), summed.form.id
            compared += len(asked)
        counts = {count.label for count in summed.form.counts}
        labels = [label for label, _, _ in summed.columns.values()]
        assert counts <= set(labels) <= counts | numeric
        assert len({number for _, _, number in summed.columns.values()}) == len(labels) == len(set(labels))
    assert compared > 40


def test_heads_and_signatures_are_those_of_the_issued_forms(tables: Path, catalogue: Catalogue) -> None:
    for summed in read_sheets(tables, catalogue):
        texts = [str(c.value) for row in summed.sheet.iter_rows() for c in row if c.value is not None]
        form_set = catalogue.settings.form_set
        assert f"表　　号：{summed.form.number}" in texts
        assert f"制定机关：{form_set.issuer}" in texts
        assert f"批准(备案)文号：{form_set.approval}" in texts
        assert f"有效期至：{form_set.valid_until}" in texts
        assert f"汇总单位：{catalogue.settings.city.association}" in texts
        assert texts[-1].startswith("单位负责人：")
        assert "报出日期" in texts[-1]
        assert texts[0].endswith("汇总表")
        assert (summed.sheet.page_setup.paperSize, summed.sheet.page_setup.orientation) == (9, "landscape")
        assert summed.sheet.print_title_rows.endswith(str(summed.numbers_line))


def test_every_number_is_the_sum_of_the_warehouse(tables: Path, database: Path, catalogue: Catalogue) -> None:
    sums = {
        (code, measure): value
        for code, measure, value in query(
            database, "SELECT org_code, measure, value FROM core.rollup WHERE year = 2024"
        ).iter_rows()
    }
    own = dict(
        query(database, "SELECT measure, value FROM core.measure WHERE org_code = '371600'").iter_rows()
    )
    seen = set()
    for summed in read_sheets(tables, catalogue):
        ids = {f.label: f.id for f in (*summed.form.fields, *summed.form.counts)}
        for line in range(summed.numbers_line + 1, summed.total + 1):
            code = summed.sheet.cell(line, 1).value
            for column, (label, _, _) in summed.columns.items():
                value = summed.sheet.cell(line, column).value
                if isinstance(value, str):
                    continue
                name = ids[label]
                if code == "合计":
                    assert value == sums[CITY, name], (summed.form.id, label)
                elif code == CITY:
                    assert value == own[name], (summed.form.id, label)
                else:
                    assert value == sums[code, name], (summed.form.id, label, code)
                seen.add((code, name))
    asked = {m.id for m in catalogue.measures.values() if m.form in catalogue.forms}
    of_later = {name for name in asked if not catalogue.asked_years(catalogue.measures[name], [YEAR])}
    assert {name for _, name in seen} == asked - of_later


def test_there_is_a_row_for_every_unit_that_reports(tables: Path, catalogue: Catalogue, level: str) -> None:
    units = catalogue.registry.units(YEAR)
    counties = sorted(units.filter(units["level"] == "county")["org_code"])
    below = sorted(units.filter(units["level"].is_in(["county", "township"]))["org_code"])
    for summed in read_sheets(tables, catalogue):
        codes = [str(summed.sheet.cell(n, 1).value) for n in range(summed.numbers_line + 1, summed.total)]
        of_city = [CITY] if "city" in summed.form.reported_by else []
        is_split = level == "township" and set(summed.form.levels) & {"township", "village"}
        of_counties = (below if is_split else counties) if "county" in summed.form.reported_by else []
        assert codes == [*of_counties, *of_city], summed.form.id


def test_what_is_missing_or_not_asked_stands_as_its_mark(
    tables: Path, catalogue: Catalogue, level: str
) -> None:
    marked = {}
    for summed in read_sheets(tables, catalogue):
        for line in range(summed.numbers_line + 1, summed.total):
            for column, (label, _, _) in summed.columns.items():
                value = summed.sheet.cell(line, column).value
                if value in ("…", "*") or value == 0:
                    marked[str(summed.sheet.cell(line, 1).value), label] = value
                elif value == "—":
                    form = summed.form
                    count = next((c for c in form.counts if c.label == label), None)
                    field = next((f for f in form.fields if f.label == label), None)
                    levels = (count.levels or form.levels) if count else form.levels_of(field)  # type: ignore[arg-type]
                    code = str(summed.sheet.cell(line, 1).value)
                    of_row = {CITY: {"city"}}.get(
                        code, {"township", "village"} if len(code) == 9 else {"county", "township", "village"}
                    )
                    assert not of_row & set(levels), (form.id, label, code)
    members, families = "个人会员数", "计生特殊家庭数"
    expected = {(BINCHENG, members): "…", (ZHANHUA, members): "…", (HUIMIN, members): 0}
    assert marked == expected | ({(TOWNSHIP, families): "*"} if level == "township" else {})


def test_a_sum_that_does_not_cover_all_units_has_a_note(tables: Path, catalogue: Catalogue) -> None:
    told = {
        summed.form.number: [
            str(c.value) for row in summed.sheet.iter_rows() for c in row if "不含未报" in str(c.value)
        ]
        for summed in read_sheets(tables, catalogue)
    }
    assert told.pop("年1表") == ["注3：2024年“工作人员数”：全市合计应报4项、实报3项。数中不含未报的。"]
    assert not any(told.values())


def test_a_form_is_known_by_its_number_in_any_spelling_and_by_its_id(catalogue: Catalogue) -> None:
    for asked in ("05", "5", "年5表", "warm_action", " 05 "):
        assert [form.id for form in choose_forms(catalogue, YEAR, asked)] == ["warm_action"]
    for asked in ("03_1", "3-1", "年3-1表"):
        assert [form.id for form in choose_forms(catalogue, YEAR, asked)] == ["sunflower_site"]
    with pytest.raises(FormUnknown, match=r"没有“3”这张可汇总的报表，可用：年1表（organisation）、"):
        choose_forms(catalogue, YEAR, "3")


def test_the_same_night_gives_the_same_bytes(
    tables: Path, database: Path, catalogue: Catalogue, level: Any
) -> None:
    again = tables.with_name("又.xlsx")
    write_summary_tables(database, catalogue, YEAR, again, None, level)
    assert again.read_bytes() == tables.read_bytes()


@pytest.fixture
def nianbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    find_installation.cache_clear()
    home = tmp_path / "home"
    home.mkdir()
    published_sums(home, load_catalogue())
    monkeypatch.chdir(tmp_path)
    return Terminal(home, monkeypatch, capsys)


def test_export_writes_summary_tables_and_says_what_it_cannot(nianbao: Terminal, tmp_path: Path) -> None:
    assert nianbao("export", "--summary", "2024").code == 0
    assert nianbao("export", "--summary", "2024", "--form", "05", "--level", "township").code == 0
    written = sorted(path.name for path in tmp_path.glob("*.xlsx"))
    assert written == ["汇总表_2024.xlsx", "汇总表_2024_年5表_分乡镇.xlsx"]
    assert openpyxl.load_workbook(tmp_path / written[1]).sheetnames == ["年5表 暖心行动情况"]
    for wrong in (
        ["--summary", "2023"],
        ["--summary", "2024", "--form", "77"],
        ["--summary", "2024", "--level", "village"],
        ["--summary", "2024", "--yearbook", "2024"],
        ["--yearbook", "2024", "--form", "05"],
        ["--form", "05"],
    ):
        said = nianbao("export", *wrong)
        assert said.code == 2, wrong
        assert is_one_chinese_sentence(said.err), said.err
    assert len(list(tmp_path.glob("*.xlsx"))) == 2
