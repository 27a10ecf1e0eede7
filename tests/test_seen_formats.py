"""What a cell shows is seen in the other formats too: xls, ods and xlsb."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.seen_values import COUNT, MONEY, told, value
from tests.workbook_edits import parts_of, save_parts
from tests.workbooks import (
    CATALOGUE,
    FIRST,
    conformed,
    read,
    save_ods,
    save_xlsb,
    sheet,
    workbook,
)
from transforms.conforming.conform import Conformed


# ------------------------------------------------------------------------------------------------- other formats
def xls(
    path: Path, write: Callable[[Any, int, int], None], form: str = "population", at: int = COUNT
) -> Conformed:
    """An .xls whose first cell of a column is written by ``write`` (xlwt's sheet, row, column)."""
    import xlwt

    book = xlwt.Workbook()
    for name, rows in workbook(**{form: sheet(form)}).items():
        page = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if (name, r, c) == (CATALOGUE.forms[form].number, FIRST, at):
                    write(page, r, c)
                elif cell != "" and not isinstance(cell, dt.date):
                    page.write(r, c, cell)
    book.save(str(path / "a.xls"))
    return conformed(path / "a.xls")


def test_what_an_xls_shows_is_seen_too(tmp_path: Path) -> None:
    import xlwt

    plain, raised, struck = xlwt.easyfont(""), xlwt.easyfont(""), xlwt.easyfont("struck_out on")
    raised.escapement = xlwt.Font.ESCAPEMENT_SUPERSCRIPT
    percent, unit = xlwt.easyxf(num_format_str="0%"), xlwt.easyxf(num_format_str='0.00"万元"')
    crossed = xlwt.easyxf("font: struck_out on")

    assert value(xls(tmp_path, lambda p, r, c: p.write_rich_text(r, c, [("4", plain), ("1", raised)]))) == 4
    runs = [("3", struck), ("120", plain)]
    assert told(xls(tmp_path, lambda p, r, c: p.write_rich_text(r, c, runs))) == [("read.struck_cell", "D5")]
    assert told(xls(tmp_path, lambda p, r, c: p.write(r, c, 12, crossed))) == [("read.struck_cell", "D5")]
    assert told(xls(tmp_path, lambda p, r, c: p.write(r, c, 12, percent))) == [
        ("conform.unreadable_number", "D5")
    ]
    paid = xls(tmp_path, lambda p, r, c: p.write(r, c, 26.29, unit), "warm_action", MONEY)
    assert value(paid, "warm_action", "claim_paid_cny") == 262900
    merged_rows = xls(tmp_path, lambda p, r, c: p.write_merge(r, r, c, c + 1, 120), at=len(sheet()[0]) - 1)
    assert told(merged_rows) == []  # over one column of the form only


_ODS_STYLES = (
    b'<office:automatic-styles><style:style style:name="T1" style:family="text"><style:text-properties '
    b'style:text-position="super 58%"/></style:style><style:style style:name="T2" style:family="text">'
    b'<style:text-properties style:text-line-through-style="solid"/></style:style><style:style style:name="ce1" '
    b'style:family="table-cell"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    b"</office:automatic-styles><office:body>"
)
_ODS_NUMBER = b'office:value-type="float" office:value='
_TWELVE = b'<table:table-cell office:value-type="float" office:value="12.0"><text:p>12.0</text:p></table:table-cell>'


@pytest.mark.parametrize(
    ("cell", "number", "rules"),
    [
        (b'office:value-type="string"><text:p>4<text:span text:style-name="T1">1</text:span></text:p>', 4, []),
        (
            b'office:value-type="string"><text:p><text:span text:style-name="T2">3</text:span>120</text:p>',
            None,
            ["read.struck_cell"],
        ),
        (b'table:style-name="ce1" ' + _ODS_NUMBER + b'"12"><text:p>12</text:p>', None, ["read.struck_cell"]),
        (b'office:value-type="percentage" office:value="0.5"><text:p>50%</text:p>', None, ["conform.unreadable_number"]),
        (_ODS_NUMBER + "\"12\"><text:p>12户</text:p>".encode(), 12, []),
        (_ODS_NUMBER + "\"12\"><text:p>12个</text:p>".encode(), None, ["conform.unreadable_number"]),
        (_ODS_NUMBER + "\"120000\"><text:p>12.0万</text:p>".encode(), 120000, []),
        (_ODS_NUMBER + b'"82.000000000000014"><text:p>82</text:p>', 82, []),
        (b'office:value-type="string"><text:p>3</text:p><text:p>120</text:p>', None, ["conform.unreadable_number"]),
        (b'table:number-rows-spanned="2" ' + _ODS_NUMBER + b'"9"><text:p>9</text:p>', 9, ["read.merged_value"]),
    ],
)  # fmt: skip
def test_what_an_ods_shows_is_seen_too(
    tmp_path: Path, cell: bytes, number: float | None, rules: list[str]
) -> None:
    path = save_ods(tmp_path / "a.ods", workbook(population=sheet()))
    parts = parts_of(path)
    xml = parts["content.xml"].replace(b"<office:body>", _ODS_STYLES)
    at = xml.index(_TWELVE, xml.index(_TWELVE) + 1)
    xml = xml[:at] + b"<table:table-cell " + cell + b"</table:table-cell>" + xml[at + len(_TWELVE) :]
    parts["content.xml"] = xml
    result = conformed(save_parts(path, parts))
    assert (value(result), [rule for rule, _ in told(result)]) == (number, rules)


def test_merged_ranges_of_an_xlsb_are_known(tmp_path: Path) -> None:
    path = save_xlsb(tmp_path / "a.xlsb", workbook(population=sheet()))
    end = bytes([146, 1])  # the records of merged ranges stand behind those of the rows
    body = struct.pack("<IIII", FIRST, FIRST + 1, COUNT, COUNT)
    parts = parts_of(path)
    page = parts["xl/worksheets/sheet2.bin"]
    at = page.rindex(end)
    merges = bytes([177, 1, 4]) + struct.pack("<I", 1) + bytes([176, 1, 16]) + body + bytes([178, 1, 0])
    parts["xl/worksheets/sheet2.bin"] = page[: at + 3] + merges + page[at + 3 :]
    assert told(conformed(save_parts(path, parts))) == [("read.merged_value", "D5")]


def test_a_township_merged_over_its_rows_belongs_to_each_in_an_ods_too(tmp_path: Path) -> None:
    path = save_ods(
        tmp_path / "a.ods", workbook(warm_home=sheet("warm_home", {"371602001": "市中街道", "": ""}))
    )
    name = "<text:p>市中街道</text:p>".encode()
    parts = parts_of(path)
    old = b'<table:table-cell office:value-type="string">' + name
    assert old in parts["content.xml"]
    new = b'<table:table-cell table:number-rows-spanned="2" office:value-type="string">' + name
    parts["content.xml"] = parts["content.xml"].replace(old, new)
    assert read(save_parts(path, parts)).sheets[0].rows["org_name"].to_list() == ["市中街道"] * 2
