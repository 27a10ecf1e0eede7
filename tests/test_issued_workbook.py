"""The issued workbook: what a clerk opens, what may be typed where, and what stands in it already."""

from __future__ import annotations

import hashlib
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from expectations.sheets.layout import sheet_name, unit_rows
from tests.issued_workbooks import (
    CITY,
    COUNTY,
    TOWNSHIP,
    YEAR,
    bent,
    cell_of,
    column_of,
    everything,
    frame,
    issue,
    opened,
    row_of,
)
from transforms.reading.reading import make_reading_plan, read_file
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Field, Form


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def blank(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """The county's empty workbook of its first year."""
    return opened(catalogue, tmp_path_factory.mktemp("blank"))


@pytest.fixture(scope="module")
def continued(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    """The county's empty workbook with last year's figures beside."""
    return opened(catalogue, tmp_path_factory.mktemp("continued"), prior=everything(catalogue))


def test_the_sheets_are_cover_guide_the_units_forms_and_a_hidden_list(catalogue: Catalogue, tmp_path: Path):
    for unit, level in ((COUNTY, "county"), (CITY, "city")):
        book = opened(catalogue, tmp_path, unit)
        forms = [sheet_name(form) for form in catalogue.forms_of(level, YEAR)]
        assert book.sheetnames == ["封面", "填报说明", *forms, "代码表"]
        assert book["代码表"].sheet_state == "hidden"
        assert all(len(name) <= 31 for name in book.sheetnames)


def test_the_cover_says_who_reports_for_which_year_and_asks_who_signs(catalogue: Catalogue, tmp_path: Path):
    sheet = opened(catalogue, tmp_path, CITY)["封面"]
    stands = {row[1].value: row[2] for row in sheet.iter_rows() if row[1].value and row[2].value is not None}
    assert stands["填报单位"].value == "滨州市本级"
    assert stands["填报单位代码"].value == CITY
    assert stands["报告年度"].value == "2024"
    assert stands["报表版本"].value == catalogue.settings.form_set.version
    signed = {row[1].value: row[2] for row in sheet.iter_rows() if row[1].value}
    for label in ("单位负责人", "统计负责人", "填表人", "报出日期"):
        assert signed[label].value is None
        assert not signed[label].protection.locked


def test_header_texts_are_the_labels_of_the_catalogue(catalogue: Catalogue, continued: Workbook):
    book = continued
    for form in catalogue.forms_of("county", YEAR):
        sheet = book[sheet_name(form)]
        texts = [c.value for row in sheet.iter_rows(max_row=13) for c in row if isinstance(c.value, str)]
        asked = form.fields_at(catalogue.row_levels(form, "county"), YEAR)
        for field in asked:
            assert texts.count(field.label) == 1, field.label
        for group in {field.group for field in asked if field.group}:
            assert group in texts


def test_every_org_unit_stands_in_its_row_townships_before_their_villages(
    catalogue: Catalogue, blank: Workbook
):
    sheet = blank[sheet_name(catalogue.forms["organisation"])]
    codes = [c[0].value for c in sheet.iter_rows(max_col=1) if re.fullmatch(r"\d{6,12}", str(c[0].value))]
    units = catalogue.registry.units(YEAR).filter(pl.col("county_code") == COUNTY)
    assert codes == sorted(units["org_code"])
    assert codes[0] == COUNTY
    village = row_of(sheet, "371621001001" if "371621001001" in codes else codes[2])
    assert sheet.cell(village, 3).value == "孙武街道"


def test_only_cells_to_fill_in_are_unlocked(catalogue: Catalogue, continued: Workbook):
    book = continued
    form = catalogue.forms["population"]
    sheet = book[sheet_name(form)]
    assert sheet.protection.sheet
    open_cells = {c.coordinate for row in sheet.iter_rows() for c in row if not c.protection.locked}
    labels = [column_of(sheet, field.label) for field in form.fields]
    codes = unit_rows(catalogue, COUNTY, ("township",), YEAR)["org_code"]
    assert open_cells == {
        sheet.cell(row_of(sheet, code), column).coordinate for code in codes for column in labels
    }


def test_a_field_not_asked_of_a_rows_level_is_a_locked_dash(catalogue: Catalogue, tmp_path: Path):
    odd = bent(catalogue, "organisation", "volunteer_count", levels=("township",))
    book = opened(odd, tmp_path, entries=everything(odd))
    form = odd.forms["organisation"]
    assert cell_of(book, form, COUNTY, "志愿者数").value == "—"
    assert cell_of(book, form, COUNTY, "志愿者数").protection.locked
    assert cell_of(book, form, TOWNSHIP, "志愿者数").value == 2
    assert not cell_of(book, form, TOWNSHIP, "志愿者数").protection.locked


def test_every_formula_has_a_cached_value(catalogue: Catalogue, tmp_path: Path):
    path = issue(catalogue, tmp_path, entries=everything(catalogue))
    count = 0
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                cells = re.findall(
                    r"<c [^>]*>(?:(?!</c>).)*<f>(?:(?!</c>).)*</c>", archive.read(name).decode()
                )
                assert all(re.search(r"<v>[^<]+</v>", cell) for cell in cells)
                count += len(cells)
    assert count > 30


def test_totals_are_sums_whose_cached_value_is_right_and_whose_ends_cannot_be_cut_away(
    catalogue: Catalogue, tmp_path: Path
):
    path = issue(catalogue, tmp_path, entries=everything(catalogue))
    name = sheet_name(catalogue.forms["population"])
    formulas = openpyxl.load_workbook(path)[name]
    values = openpyxl.load_workbook(path, data_only=True)[name]
    line = row_of(formulas, "合计")
    column = column_of(formulas, "家庭户数")
    townships = unit_rows(catalogue, COUNTY, ("township",), YEAR).height
    assert values.cell(line, column).value == townships * (townships + 1) / 2
    top, bottom = re.fullmatch(
        r"=SUM\(\w+\$(\d+):\w+\$(\d+)\)", str(formulas.cell(line, column).value)
    ).groups()  # type: ignore[union-attr]
    for end in (int(top), int(bottom)):
        assert formulas.cell(end, column).protection.locked
        assert not isinstance(formulas.cell(end, column).value, (int, float))


def test_the_total_of_words_and_dates_is_a_dash(catalogue: Catalogue, blank: Workbook):
    book = blank
    form = catalogue.forms["organisation"]
    for label in ("是否成立计生协", "换届时间", "会长担任情况"):
        assert cell_of(book, form, "合计", label).value == "—"


def test_values_stand_as_clerks_write_them(catalogue: Catalogue, tmp_path: Path):
    rows = frame(
        {
            "org_code": COUNTY,
            "has_association": True,
            "staff_count": 12.0,
            "term_renewed_date": date(2023, 3, 1),
        },
        {"org_code": TOWNSHIP, "has_association": False, "staff_count": "不适用", "term_renewed_date": None},
    )
    book = opened(catalogue, tmp_path, entries={"organisation": rows})
    form = catalogue.forms["organisation"]
    assert cell_of(book, form, COUNTY, "是否成立计生协").value == "是"
    assert cell_of(book, form, COUNTY, "工作人员数").value == 12
    assert cell_of(book, form, COUNTY, "换届时间").value.date() == date(2023, 3, 1)  # type: ignore[union-attr]
    assert cell_of(book, form, TOWNSHIP, "是否成立计生协").value == "否"
    assert cell_of(book, form, TOWNSHIP, "工作人员数").value == "不适用"
    assert cell_of(book, form, TOWNSHIP, "换届时间").value is None


def test_stored_texts_of_the_warehouse_are_taken_as_what_they_stand_for(catalogue: Catalogue, tmp_path: Path):
    stored = {"has_association": "true", "staff_count": "12.0", "term_renewed_date": "2023-03-01"}
    book = opened(catalogue, tmp_path, prior={"organisation": frame({"org_code": COUNTY, **stored})})
    form = catalogue.forms["organisation"]
    beside = [
        cell_of(book, form, COUNTY, label).offset(0, 1).value
        for label in ("是否成立计生协", "工作人员数", "换届时间")
    ]
    assert beside[:2] == ["是", 12]
    assert beside[2].date() == date(2023, 3, 1)  # type: ignore[union-attr]


def test_a_number_that_was_not_asked_last_year_has_no_column_of_last_year(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    new = bent(catalogue, "population", "household_count", since=YEAR)
    path = issue(new, tmp_path, entries=everything(new), prior=everything(new))
    sheet = openpyxl.load_workbook(path)[sheet_name(new.forms["population"])]
    at = column_of(sheet, new.forms["population"].field("household_count").label)
    lines = [[cell.value for cell in row] for row in sheet.iter_rows(max_row=14)]
    [marks] = [line for line in lines if line.count("上年") > 1]
    assert marks.count("上年") == marks.count("本年") == len(new.forms["population"].fields) - 1
    assert marks[at - 1] is None
    read = read_file(str(path), (make_reading_plan(new), path.name))
    [found] = [each for each in read.sheets if each.form == "population"]
    assert found.columns.keys() >= {f.id for f in new.forms["population"].fields}


def test_last_years_column_is_there_only_when_there_is_a_last_year(
    catalogue: Catalogue, continued: Workbook, tmp_path: Path
):
    form = catalogue.forms["warm_action"]
    with_prior = continued[sheet_name(form)]
    without = opened(catalogue, tmp_path, prior=None)[sheet_name(form)]

    def texts(sheet: Worksheet) -> list[object]:
        return [cell.value for row in sheet.iter_rows() for cell in row]

    asked = [{f.id for f in form.fields_at(("township",), year)} for year in (2023, 2024)]
    assert texts(with_prior).count("上年") == texts(with_prior).count("本年") == len(asked[0] & asked[1])
    assert "上年" not in texts(without)
    last = with_prior.cell(row_of(with_prior, TOWNSHIP), column_of(with_prior, "理赔件数") + 1)
    assert last.value == 1
    assert last.protection.locked


def test_an_amount_filled_in_as_ten_thousands_is_shown_in_ten_thousands(catalogue: Catalogue, tmp_path: Path):
    odd = bent(catalogue, "warm_action", "claim_paid_cny", entry_unit="万元")
    rows = frame({"org_code": TOWNSHIP, "claim_paid_cny": 125000.0})
    book = opened(odd, tmp_path, entries={"warm_action": rows})
    assert cell_of(book, odd.forms["warm_action"], TOWNSHIP, "赔付金额").value == 12.5


def validations(sheet: Worksheet) -> list[Any]:
    return list(sheet.data_validations.dataValidation)


def test_not_applicable_passes_every_validation(catalogue: Catalogue, blank: Workbook):
    book = blank
    lists = book["代码表"]
    for form in catalogue.forms_of("county", YEAR):
        for rule in validations(book[sheet_name(form)]):
            if rule.type == "custom":
                assert '"不适用"' in rule.formula1
            elif rule.type == "list":
                column = re.search(r"\$([A-Z]+)\$2", rule.formula1).group(1)  # type: ignore[union-attr]
                entries = [cell.value for cell in lists[column] if cell.value is not None]
                assert "不适用" in entries or entries[0] == "所属乡镇(街道)"


def test_a_number_cell_says_unit_and_meaning_and_refuses_what_is_out_of_bounds(
    catalogue: Catalogue, blank: Workbook
):
    form = catalogue.forms["population"]
    sheet = blank[sheet_name(form)]
    field = form.field("infant_count")
    rule = next(v for v in validations(sheet) if v.promptTitle and v.promptTitle.startswith(field.label))
    first = f"{openpyxl.utils.get_column_letter(column_of(sheet, field.label))}{row_of(sheet, TOWNSHIP)}"
    assert str(rule.sqref).startswith(first)
    assert rule.formula1 == (
        f'OR({first}="不适用",AND(ISNUMBER({first}),{first}=INT({first}),{first}>=0,{first}<=50000))'
    )
    assert field.meaning in rule.prompt
    assert "（人）" in rule.promptTitle


def test_texts_of_validations_fit_what_excel_allows(catalogue: Catalogue, tmp_path: Path):
    odd = bent(
        catalogue, "population", "infant_count", meaning="未满3周岁的常住婴幼儿数。" * 40, label="婴" * 60
    )
    for rule in validations(opened(odd, tmp_path)[sheet_name(odd.forms["population"])]):
        assert len(rule.promptTitle or "") <= 32
        assert len(rule.errorTitle or "") <= 32
        assert len(rule.prompt or "") <= 255
        assert len(rule.error or "") <= 255
        assert len(rule.formula1 or "") <= 255


def test_a_roster_offers_the_units_own_townships_and_room_to_write(catalogue: Catalogue, blank: Workbook):
    form = catalogue.forms["sunflower_site"]
    book = blank
    column = column_of(book["代码表"], "所属乡镇(街道)")
    offered = [row[column - 1].value for row in book["代码表"].iter_rows(min_row=2)]
    own = unit_rows(catalogue, COUNTY, ("township",), YEAR)["name"].to_list()
    assert [name for name in offered if name] == own
    sheet = book[sheet_name(form)]
    names = column_of(sheet, "亲子小屋名称")
    room = [row for row in sheet.iter_rows() if not row[names - 1].protection.locked]
    assert len(room) == 40


def roster_names(book: Workbook, form: Form, field: Field) -> list[object]:
    sheet = book[sheet_name(form)]
    column = column_of(sheet, field.label)
    cells = [row[column - 1] for row in sheet.iter_rows()]
    return [cell.value for cell in cells if not cell.protection.locked and cell.value is not None]


def test_a_roster_starts_from_last_years_sites_but_not_from_last_years_cases(
    catalogue: Catalogue, tmp_path: Path
):
    site, case = catalogue.forms["sunflower_site"], catalogue.forms["case"]
    many = [
        {"org_code": TOWNSHIP, "name": f"{n}号小屋", "tier": "市级", "opened_year": 2020.0} for n in range(45)
    ]
    prior = {"sunflower_site": frame(*many), "case": frame({"org_code": COUNTY, "name": "去年的案例"})}
    book = opened(catalogue, tmp_path, prior=prior)
    assert roster_names(book, site, site.field("name"))[:2] == ["0号小屋", "1号小屋"]
    sheet = book[sheet_name(site)]
    assert sheet.cell(row_of_text(sheet, "0号小屋"), 2).value == "孙武街道"
    open_rows = [r for r in sheet.iter_rows() if not r[1].protection.locked]
    assert len(open_rows) == 45 + 20
    assert roster_names(book, case, case.field("name")) == []


def row_of_text(sheet: Worksheet, text: str) -> int:
    return next(cell.row for row in sheet.iter_rows() for cell in row if cell.value == text)


def test_a_roster_known_to_be_empty_says_so_and_an_unknown_one_stays_blank(
    catalogue: Catalogue, tmp_path: Path
):
    form = catalogue.forms["rights_project"]
    nothing = pl.DataFrame(schema={"org_code": pl.String, "name": pl.String})
    assert roster_names(
        opened(catalogue, tmp_path, entries={"rights_project": nothing}), form, form.field("name")
    ) == ["无"]
    assert roster_names(opened(catalogue, tmp_path, entries={}), form, form.field("name")) == []


def test_a_sample_says_so_on_every_sheet_and_every_page(
    catalogue: Catalogue, blank: Workbook, tmp_path: Path
):
    book = opened(catalogue, tmp_path, is_sample=True)
    for sheet in book.worksheets:
        if sheet.title == "代码表":
            continue
        assert "样例数据" in (sheet.oddHeader.center.text or "")
        assert any("样例数据" in str(c.value) for row in sheet.iter_rows(max_row=3) for c in row), sheet.title
    real = blank
    assert not any("样例" in str(c.value) for s in real.worksheets for row in s.iter_rows() for c in row)


def test_pages_are_a4_one_wide_and_repeat_their_header(catalogue: Catalogue, blank: Workbook):
    book = blank
    for form in catalogue.forms_of("county", YEAR):
        sheet = book[sheet_name(form)]
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
        assert sheet.page_setup.fitToWidth in (None, 1)  # left out where it is 1
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.print_title_rows
        assert sheet.freeze_panes
        assert "第 &P 页" in (sheet.oddFooter.center.text or "").replace("&amp;", "&")


def test_the_file_carries_form_set_unit_and_year(catalogue: Catalogue, blank: Workbook):
    book = blank
    properties = {p.name: p.value for p in book.custom_doc_props.props}
    assert properties["nianbao_unit_code"] == COUNTY
    assert properties["nianbao_report_year"] == "2024"
    assert properties["nianbao_form_set"] == catalogue.settings.form_set.version


def test_the_same_inputs_give_the_same_bytes(catalogue: Catalogue, tmp_path: Path):
    digests = set()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        path = issue(catalogue, tmp_path / folder, entries=everything(catalogue), is_sample=True)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_a_unit_that_does_not_report_gets_no_workbook(catalogue: Catalogue, tmp_path: Path):
    with pytest.raises(KeyError, match="not a reporting unit"):
        issue(catalogue, tmp_path, "371602001")
    assert list(tmp_path.iterdir()) == []
