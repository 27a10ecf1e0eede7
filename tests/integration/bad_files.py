"""Files that no clerk meant to send: each made here from nothing or by bending one thing of an honest workbook."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl

from tests.clerk_workbook import ClerkWorkbook

_SECTOR = 512
_FREE, _END, _FAT_SECTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""
_ROOT_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
 Target="xl/workbook.xml"/></Relationships>"""
_BOOK_RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
 Target="worksheets/sheet1.xml"/></Relationships>"""
_BOOK = """<?xml version="1.0" encoding="UTF-8"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets><sheet name="年1表 计生协组织建设情况" sheetId="1" r:id="rId1"/></sheets></workbook>"""
_SHEET = """<?xml version="1.0" encoding="UTF-8"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"""


def one_sheet(pieces: Iterator[bytes]) -> bytes:
    """An .xlsx of one sheet whose rows are written piece by piece."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", _CONTENT_TYPES)
        book.writestr("_rels/.rels", _ROOT_RELATIONS)
        book.writestr("xl/workbook.xml", _BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", _BOOK_RELATIONS)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(_SHEET.encode())
            for piece in pieces:
                sheet.write(piece)
            sheet.write(b"</sheetData></worksheet>")
    return content.getvalue()


def far_corners() -> bytes:
    """Two cells, A1 and XFD1048576: 1.4 KB whose reader asks for 512 GiB."""
    rows = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    return one_sheet(iter([rows]))


def much_space(mebibytes: int = 512) -> bytes:
    """A sheet that unpacks to nothing but spaces."""
    return one_sheet(b" " * (1 << 20) for _ in range(mebibytes))


def long_string(mebibytes: int = 512) -> bytes:
    """One cell with one very long text."""

    def pieces() -> Iterator[bytes]:
        yield b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
        for _ in range(mebibytes):
            yield b"a" * (1 << 20)
        yield b"</t></is></c></row>"

    return one_sheet(pieces())


def many_entries(count: int = 10_001) -> bytes:
    """A zip archive of very many empty parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(count):
            archive.writestr(f"xl/{number}.xml", b"")
    return content.getvalue()


def ole2(*streams: tuple[str, bytes]) -> bytes:
    """An OLE2 compound file with the given streams (each padded to the size where no mini stream is needed)."""
    padded = [(name, content.ljust(4096, b"\0")) for name, content in streams]
    chain: list[int] = [_FAT_SECTOR, _END]  # sector 0 is the allocation table, sector 1 the directory
    starts: list[int] = []
    data = b""
    for _, content in padded:
        starts.append(len(chain))
        count = -(-len(content) // _SECTOR)
        chain += [len(chain) + n + 1 for n in range(count - 1)] + [_END]
        data += content.ljust(count * _SECTOR, b"\0")
    table = struct.pack("<128I", *(chain + [_FREE] * (128 - len(chain))))
    entries = [_entry("Root Entry", 5, child=1)]
    for number, ((name, content), start) in enumerate(zip(padded, starts, strict=True), 1):
        right = number + 1 if number < len(padded) else _FREE
        entries.append(_entry(name, 2, right=right, start=start, size=len(content)))
    directory = b"".join(entries).ljust(_SECTOR, b"\0")
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, 1, 1, 0, 4096, _END, 0, _END, 0, 0,
    )  # fmt: skip
    return header + struct.pack("<108I", *([_FREE] * 108)) + table + directory + data


def _entry(
    name: str, kind: int, *, right: int = _FREE, child: int = _FREE, start: int = 0, size: int = 0
) -> bytes:
    raw = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII16sIQQIQ", raw, len(raw), kind, 1, _FREE, right, child, b"", 0, 0, 0, start, size
    )


def wps_et() -> bytes:
    """A WPS table in a form that no library reads."""
    return ole2(("ETExtData", b"WPS"), ("ET", b"\x09\x08 not BIFF8"))


def encrypted() -> bytes:
    """A workbook with a password: its content is one encrypted stream."""
    return ole2(
        ("EncryptedPackage", b"\x8b" * 5000),
        ("EncryptionInfo", b"\x04\x00\x04\x00@\x00\x00\x00<encryption/>"),
    )


def cut_off(honest: Path) -> bytes:
    """The first half of a workbook, as a broken copy leaves it."""
    content = honest.read_bytes()
    return content[: len(content) // 2]


def with_macros(honest: Path) -> bytes:
    """The workbook as .xlsm with a macro project in it."""
    content = io.BytesIO()
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    with zipfile.ZipFile(honest) as source, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            data = source.read(part)
            if part.filename == "[Content_Types].xml":
                assert kind in data
                data = data.replace(kind, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")
            target.writestr(part.filename, data)
        target.writestr("xl/vbaProject.bin", ole2(("VBA", b"Sub Auto_Open()")))
    return content.getvalue()


def other_workbook() -> bytes:
    """A workbook that has nothing to do with the yearly report."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "通讯录"
    for row in (("姓名", "电话"), ("张三", "1"), ("李四", "2"), ("王五", "3"), ("赵六", "4")):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def on_cover(honest: Path, target: Path, **stated: str) -> Path:
    """The workbook with other things stated on its cover."""
    labels = {"unit_name": "填报单位", "unit_code": "填报单位代码", "year": "报告年度"}
    book = ClerkWorkbook(honest)
    for what, value in stated.items():
        book.on_cover(labels[what], value)
    return book.save(target)


def unreadable_number(honest: Path, target: Path) -> Path:
    """A number written in words."""
    book = ClerkWorkbook(honest)
    book.cell("年1表", "个人会员数", org=book.villages()[0]).value = "三百左右"
    return book.save(target)


def village_twice(honest: Path, target: Path) -> Path:
    """The second village's row turned into a second one of the first, as copying a row does."""
    book = ClerkWorkbook(honest)
    sheet = book.sheet("年1表")
    first, second = (book.cell("年1表", "单位代码", org=code).row for code in book.villages()[:2])
    for column in (1, 2, 3):
        sheet.cell(second, column).value = sheet.cell(first, column).value
    return book.save(target)


def misspelt_village(honest: Path, target: Path) -> tuple[Path, str, str]:
    """A village without code and with a name that is not quite right: the path, what is written, what was meant."""
    book = ClerkWorkbook(honest)
    meant = next(
        str(book.cell("年1表", "单位名称", org=code).value)
        for code in book.villages()
        if len(str(book.cell("年1表", "单位名称", org=code).value)) > 4
    )
    name = next(
        c for row in book.sheet("年1表").iter_rows(min_col=2, max_col=2) for c in row if c.value == meant
    )
    written = meant[0] + meant[2:]
    name.value = written
    book.sheet("年1表").cell(name.row, 1).value = None
    return book.save(target), written, meant
