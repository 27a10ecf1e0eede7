"""Every format gives the same rows, what is no workbook is refused, and errors are marked, not read."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tests.read_workbooks import CELL, SAVE, bent, problem, rules
from tests.workbooks import (
    FIRST,
    csv_bytes,
    read,
    save_ods,
    save_xls,
    save_xlsx,
    sheet,
    workbook,
)
from warehouse.catalogue.frames import ERROR_MARK
from warehouse.words.addresses import column_letter


# ------------------------------------------------------------------------------------------------- formats
@pytest.mark.parametrize("suffix", SAVE)
def test_every_format_gives_the_same_rows(tmp_path: Path, suffix: str) -> None:
    sheets = workbook(population=sheet(), organisation=sheet("organisation"))
    result = read(SAVE[suffix](tmp_path / f"a{suffix}", sheets))
    assert (result.status, result.problems) == ("read", [])
    assert {k: v.removesuffix(".0") for k, v in result.cover.items()} == {
        "unit_code": "371602",
        "unit_name": "滨城区",
        "year": "2024",
    }
    population, organisation = result.sheets
    assert population.form == "population"
    assert population.rows["row"].to_list() == [FIRST + 1, FIRST + 2]
    assert population.columns["org_code"] == "A"
    assert population.columns["household_count"] == column_letter(CELL)
    assert [float(v) for v in population.rows["household_count"]] == [12.0, 12.0]
    dates = (
        ["2023-04-12"] * 2 if suffix != ".xlsb" else ["45028", "45028"]
    )  # the factory writes no formats there
    assert organisation.rows["term_renewed_date"].to_list() == dates
    assert organisation.rows["org_name"].to_list() == ["市中街道", "市西街道"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_a_workbook_of_one_form(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "基本情况.csv"
    path.write_bytes(csv_bytes(sheet(), encoding))
    result = read(path)
    assert [s.form for s in result.sheets] == ["population"]
    assert result.sheets[0].rows["org_name"].to_list() == ["市中街道", "市西街道"]


def test_the_name_of_a_zip_member_may_be_written_in_gbk(tmp_path: Path) -> None:
    rows = sheet()
    rows[0][0] = rows[1][0] = ""
    path = tmp_path / "a.zip"
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("AAAAAA.csv", csv_bytes(rows, "gb18030"))
    path.write_bytes(raw.getvalue().replace(b"AAAAAA", "年2表x".encode("gb18030")))
    assert [s.form for s in read(path).sheets] == ["population"]


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        (b"", "a.xlsx", "refuse.empty"),
        (b"\r\n  \x00", "a.xlsx", "refuse.empty"),
        ("不是工作簿".encode(), "a.xlsx", "refuse.not_a_workbook"),
        (b"\x89PNG\x00\x00", "a.csv", "refuse.not_a_workbook"),
        (b"%PDF-1.4", "a.pdf", "refuse.not_a_workbook"),
        (b"PK\x03\x04 and then nothing", "a.xlsx", "refuse.damaged"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"),
            "a.doc",
            "refuse.not_a_workbook",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "a.et", "refuse.wps_et"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "a.xlsx",
            "refuse.encrypted",
        ),
    ],
)
def test_bytes_that_are_no_workbook_are_refused_with_a_reason(
    tmp_path: Path, content: bytes, name: str, rule: str
) -> None:
    path = tmp_path / "object"
    path.write_bytes(content)
    assert read(path, name).status == rule


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods", ".xlsb"])
def test_a_truncated_file_is_damaged(tmp_path: Path, suffix: str) -> None:
    path = SAVE[suffix](tmp_path / f"a{suffix}", workbook(population=sheet()))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    assert read(path).status == "refuse.damaged"


def test_a_broken_sheet_inside_a_good_zip_is_damaged(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=sheet()))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet2.xml"] = parts["xl/worksheets/sheet2.xml"][:300]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    assert read(path).status == "refuse.damaged"


def test_a_zip_without_tables_and_one_of_too_many_parts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("photo.jpg", b"x")
    assert read(path).status == "refuse.archive"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}.csv", b"")
    assert read(path).status == "refuse.too_many_entries"


def test_a_workbook_that_wps_calls_et_is_read_as_the_xls_it_is(tmp_path: Path) -> None:
    path = save_xls(tmp_path / "a.xls", workbook(population=sheet()))
    assert read(path, "报表.et").sheets[0].form == "population"


def test_a_workbook_is_known_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=sheet()))
    assert read(path, "a.xls").kind == "xlsx"


# -------------------------------------------------------------------------------- what only looks like a value
def test_an_error_value_is_marked_and_named_with_its_cell(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    page.title = "年2表"
    for row in bent(**{f"r{FIRST}c{CELL}": "#REF!"}):
        page.append(row)
    book.save(path)
    result = read(path)
    found = problem(result, "read.error_cell")
    assert (found["cell"], found["value"], found["field"]) == ("D5", "#REF!", "household_count")
    assert result.sheets[0].rows["household_count"].to_list()[0] == ERROR_MARK


def test_an_error_value_that_a_formula_gives_is_named_too(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    sheets = workbook(population=sheet())
    save_xlsx(path, sheets)
    _replace(path, b'<c r="D5"><v>12</v></c>', b'<c r="D5" s="1" t="e"><f>A1/0</f><v>#DIV/0!</v></c>')
    assert problem(read(path), "read.error_cell")["value"] == "#DIV/0!"


@pytest.mark.parametrize("suffix", [".xls", ".ods", ".xlsb"])
def test_an_error_cell_of_the_other_formats_is_marked_too(tmp_path: Path, suffix: str) -> None:
    rows = bent(**{f"r{FIRST}c{CELL}": "#DIV/0!"})
    result = read(SAVE[suffix](tmp_path / f"a{suffix}", workbook(population=rows)))
    assert problem(result, "read.error_cell")["cell"] == "D5"
    assert result.sheets[0].rows["household_count"].to_list()[0] == ERROR_MARK


@pytest.mark.parametrize("value", [b"", b"<v/>", b"<v />", b"<v></v>"])
def test_a_formula_without_a_value_is_neither_zero_nor_blank(tmp_path: Path, value: bytes) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=sheet()))
    _replace(path, b'<c r="D5"><v>12</v></c>', b'<c r="D5"><f>SUM(E5:F5)</f>' + value + b"</c>")
    result = read(path)
    assert problem(result, "read.formula_without_value")["cell"] == "D5"
    assert result.sheets[0].rows["household_count"].to_list() == [ERROR_MARK, "12"]


def test_a_formula_with_a_value_or_an_empty_text_is_what_it_shows(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=sheet()))
    _replace(path, b'<c r="D5"><v>12</v></c>', b'<c r="D5"><f>6+7</f><v>13</v></c>')
    _replace(path, b'<c r="D6"><v>12</v></c>', b'<c r="D6" t="str"><f>""</f><v></v></c>')
    result = read(path)
    assert rules(result) == []
    assert result.sheets[0].rows["household_count"].to_list() == ["13", ""]


def test_tags_with_a_prefix_are_searched_too(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "a.xlsx", workbook(population=sheet()))
    _replace(path, b'<c r="D5"><v>12</v></c>', b'<c r="D5"><f>1</f></c>')
    with zipfile.ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet2.xml")
    prefixed = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", xml).replace(b"xmlns=", b"xmlns:x=")
    _replace(path, xml, prefixed)
    result = read(path)
    assert result.status == "read"
    assert problem(result, "read.formula_without_value")["cell"] == "D5"


def _replace(path: Path, old: bytes, new: bytes, part: str = "xl/worksheets/sheet2.xml") -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_errors_in_ods_are_found_behind_repeated_rows_and_cells(tmp_path: Path) -> None:
    path = save_ods(tmp_path / "a.ods", workbook(population=sheet()))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    xml = parts["content.xml"]
    start = xml.index("基本情况".encode())
    at = xml.rindex(b"<table:table-row", 0, start)
    blank = b'<table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row>'
    value = xml.index(b"<table:table-cell", xml.index("市中街道".encode()))
    error = (
        b'<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
        b'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
    )
    end = xml.index(b"</table:table-cell>", value) + len(b"</table:table-cell>")
    parts["content.xml"] = xml[:at] + blank + xml[at:value] + error + xml[end:]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    found = problem(read(path), "read.error_cell")
    assert (found["cell"], found["value"], found["field"]) == ("C8", "#DIV/0!", "resident_population_count")
