"""Tiny valid workbooks as lists of rows, so that a test bends one thing and saves them in any format."""

from __future__ import annotations

import csv
import datetime as dt
import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import polars as pl
import xlsxwriter

from transforms.conforming.conform import Conformed, assemble, conform
from transforms.reading.file_read import FileRead
from transforms.reading.reading import make_reading_plan, read_file
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.catalogue.models import Field

Grid = list[list[Any]]

CATALOGUE: Catalogue = load_catalogue()
PLAN = make_reading_plan(CATALOGUE)
COUNTY, YEAR = "371602", 2024
TOWNSHIPS = {"371602001": "市中街道", "371602002": "市西街道"}
HEADER, FIRST = 2, 4  # 0-based rows of the labels and of the first org unit in a sheet made here

_ANSWERS: dict[str, Any] = {
    "count": 12.0,
    "cny": 1500.5,
    "rank": 5.0,
    "year": 2020.0,
    "boolean": "是",
    "text": "第一处",
}


def cover(unit_code: str = COUNTY, unit_name: str = "滨城区", year: object = YEAR) -> Grid:
    return [["封面", ""], ["填报单位", unit_name], ["填报单位代码", unit_code], ["报告年度", year]]


def answer(field: Field) -> Any:
    """A plain value of the field's type."""
    if field.type == "date":
        return dt.date(2023, 4, 12)
    if field.type == "code":
        return CATALOGUE.code_lists[field.codes or ""].labels[0]
    return _ANSWERS[field.type]


def sheet(form_id: str = "population", units: Mapping[str, str] = TOWNSHIPS) -> Grid:
    """A form's sheet: title, head, labels, column numbers, one row for each of ``units`` (code -> name)."""
    form = CATALOGUE.forms[form_id]
    stubs = ["单位代码", "所属乡镇(街道)" if form.is_roster else "单位名称"]
    labels = stubs + [f.label for f in form.fields]
    numbers = ["甲", "乙", *range(1, len(form.fields) + 1)]
    blank = [""] * (len(labels) - 1)
    rows = [[code, name, *(answer(f) for f in form.fields)] for code, name in units.items()]
    return [[form.title, *blank], [f"表号：{form.number}", *blank], labels, numbers, *rows]


def column(form_id: str, field: str) -> int:
    """The 0-based column of a field in :func:`sheet`."""
    return 2 + [f.id for f in CATALOGUE.forms[form_id].fields].index(field)


def workbook(**forms: Grid) -> dict[str, Grid]:
    """Sheet name -> rows: the cover, and the given forms under their numbers."""
    return {"封面": cover(), **{CATALOGUE.forms[id].number: rows for id, rows in forms.items()}}


def save_xlsx(
    path: Path, sheets: Mapping[str, Grid], hidden_rows: Mapping[str, list[int]] | None = None
) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    if isinstance(value, dt.date):
                        page.write_datetime(r, c, value, day)
                    elif isinstance(value, str) and not value.startswith("="):
                        page.write_string(r, c, value) if value else None
                    else:
                        page.write(r, c, value)
            for r in (hidden_rows or {}).get(name, []):
                page.set_row(r, None, None, {"hidden": True})
    return path


def save_xls(path: Path, sheets: Mapping[str, Grid]) -> Path:
    import xlwt

    book = xlwt.Workbook()
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for name, rows in sheets.items():
        page = book.add_sheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, dt.date):
                    page.write(r, c, value, day)
                elif value == "#DIV/0!":
                    page.row(r).set_cell_error(c, "#DIV/0!")
                elif value != "":
                    page.write(r, c, value)
    book.save(str(path))
    return path


_ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_ODS_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">
<office:body><office:spreadsheet>{}</office:spreadsheet></office:body></office:document-content>"""
_ODS_MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"""


def save_ods(path: Path, sheets: Mapping[str, Grid]) -> Path:
    """Written by hand: the only library that writes .ods has no wheel, and the locks hold wheels only."""
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>"
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _ODS_TYPE, zipfile.ZIP_STORED)
        archive.writestr("content.xml", _ODS_CONTENT.format(tables))
        archive.writestr("META-INF/manifest.xml", _ODS_MANIFEST.format(_ODS_TYPE))
    return path


def _ods_cell(value: object) -> str:
    if value == "" or value is None:
        return "<table:table-cell/>"
    if isinstance(value, dt.date):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, int | float):
        kind = f'office:value-type="float" office:value="{value}"'
    else:
        kind = 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{escape(str(value))}</text:p></table:table-cell>"


def csv_bytes(rows: Grid, encoding: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def save_csv_zip(path: Path, sheets: Mapping[str, Grid], encoding: str = "gb18030") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, rows in sheets.items():
            archive.writestr(f"{name}.csv", csv_bytes(rows, encoding))
    return path


def read(path: Path, file_name: str | None = None) -> FileRead:
    return read_file(str(path), (PLAN, file_name or path.name))


def submissions(*sha256: str, unit_code: str = COUNTY, year: int = YEAR) -> pl.DataFrame:
    rows = [(s, unit_code, year) for s in sha256]
    return pl.DataFrame(
        rows, schema={"submission": pl.String, "unit_code": pl.String, "year": pl.Int32}, orient="row"
    )


def conformed(path: Path, unit_code: str = COUNTY, year: int = YEAR) -> Conformed:
    """A saved workbook, read and conformed as the submission 's'."""
    whose = submissions("s", unit_code=unit_code, year=year)
    return conform(assemble({"s": read(path)}, whose), whose, CATALOGUE)


_XLSB_ERROR = {"#DIV/0!": 0x07, "#REF!": 0x17, "#N/A": 0x2A}


def save_xlsb(path: Path, sheets: Mapping[str, Grid]) -> Path:
    """The few records of [MS-XLSB] that a workbook of texts, numbers and error values needs."""

    def record(kind: int, body: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size = len(body)
        length = bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80, size >> 7])
        return head + length + body

    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    def cell(column: int, value: Any) -> bytes:
        place = struct.pack("<II", column, 0)
        value = (value - dt.date(1899, 12, 30)).days if isinstance(value, dt.date) else value
        if value in _XLSB_ERROR:
            return record(3, place + bytes([_XLSB_ERROR[value]]))
        return (
            record(6, place + wide(value))
            if isinstance(value, str)
            else record(5, place + struct.pack("<d", value))
        )

    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    bundle = b"".join(
        record(156, struct.pack("<II", 0, number) + wide(f"rId{number}") + wide(name))
        for number, name in enumerate(sheets, 1)
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", record(131) + record(143) + bundle + record(144) + record(132))
        targets = "".join(
            f'<Relationship Id="rId{n}" Type="{relations}/worksheet" Target="worksheets/sheet{n}.bin"/>'
            for n in range(1, len(sheets) + 1)
        )
        namespace = "http://schemas.openxmlformats.org/package/2006/relationships"
        archive.writestr(
            "xl/_rels/workbook.bin.rels", f'<Relationships xmlns="{namespace}">{targets}</Relationships>'
        )
        for number, rows in enumerate(sheets.values(), 1):
            width = max(map(len, rows))
            content = (
                record(129) + record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, width - 1)) + record(145)
            )
            for r, row in enumerate(rows):
                content += record(0, struct.pack("<IIHBBB", r, 0, 300, 0, 0, 0) + struct.pack("<I", 0))
                content += b"".join(cell(c, value) for c, value in enumerate(row) if value != "")
            archive.writestr(f"xl/worksheets/sheet{number}.bin", content + record(146) + record(130))
    return path
