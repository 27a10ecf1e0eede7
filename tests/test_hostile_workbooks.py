"""A workbook that ends its reader is refused with its reason: a far cell, a size, or none that anybody can see."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from flows.wall.wall import Limits, ReadJob, read_all
from tests.deaths import death

PARTS = {
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="xl/workbook.xml" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="年1表&amp;" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": "<Relationships xmlns="
    '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Target="worksheets/sheet1.xml" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>',
}


def workbook(path: Path, cells: dict[str, str], padding: int = 0) -> Path:
    """A tiny legal .xlsx with inline numbers, written by hand: no library writes hostile ones."""
    rows = "".join(
        f'<row r="{cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}"><c r="{cell}"><v>{value}</v></c></row>'
        for cell, value in cells.items()
    )
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, part in PARTS.items():
            book.writestr(name, part)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as opened:
            opened.write(sheet.encode())
            for _ in range(padding):
                opened.write(b" " * (1 << 20))
            opened.write(b"</sheetData></worksheet>")
    return path


def test_a_legal_workbook_with_a_far_cell_is_refused_and_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = workbook(tmp_path / "hostile.xlsx", {"A1": "1", "XFD1048576": "2"})
    honest = workbook(tmp_path / "honest.xlsx", {"A1": "1", "B2": "2"})
    assert hostile.stat().st_size < 1500
    read = [ReadJob("hostile", hostile), ReadJob("honest", honest)]
    results = read_all(read, "tests.reading_functions:first_sheet", workers=1)
    refused = death(results["hostile"])
    assert refused.code == "memory"
    assert "工作表“年1表&”的内容一直延伸到第 1048576 行、XFD 列" in refused.sentence
    assert "memory allocation of" in refused.detail
    assert results["honest"] == [[1.0, ""], ["", 2.0]]
    assert capfd.readouterr() == ("", "")


def test_a_far_cell_is_found_in_a_workbook_as_programs_write_it(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as book:
        book.add_worksheet("封面")
        sheet = book.add_worksheet("年2表")
        sheet.write("B2", "样例数据")
        sheet.write("XFD1000000", "x")
    jobs = [ReadJob("k", tmp_path / "book.xlsx", ())]
    (result,) = read_all(jobs, "tests.reading_functions:second_sheet", workers=1).values()
    assert "“年2表”的内容一直延伸到第 1000000 行、XFD 列" in death(result).sentence


def test_a_workbook_that_unpacks_to_too_much_is_refused_with_its_size(tmp_path: Path) -> None:
    bomb = workbook(tmp_path / "bomb.xlsx", {"A1": "1"}, padding=256)
    limits = Limits(memory_mib=400)
    (result,) = read_all(
        [ReadJob("k", bomb)], "tests.reading_functions:first_sheet", 1, limits=limits
    ).values()
    refused = death(result)
    assert refused.code == "memory"
    assert "解压后达 256 MiB" in refused.sentence


def test_what_is_no_workbook_is_an_error_of_the_reader_and_has_no_cause(tmp_path: Path) -> None:
    (tmp_path / "junk.xlsx").write_bytes(b"PK\3\4 junk")
    jobs = [ReadJob("junk", tmp_path / "junk.xlsx"), ReadJob("missing", tmp_path / "missing.xlsx")]
    results = read_all(jobs, "tests.reading_functions:first_sheet", workers=1)
    for result in results.values():
        assert death(result).code == "crash"
        assert "另存为新的 .xlsx 工作簿" in death(result).sentence
