"""Opens a workbook's bytes, whatever the format; the format is told by the bytes, not by the name."""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.etree.ElementTree import ParseError

from transforms.formats_book import MAX_BYTES, Book, Refusal
from transforms.formats_csv import open_csv, open_csv_archive
from transforms.formats_ods import OdsBook
from transforms.formats_xls import XlsBook
from transforms.formats_xlsb import XlsbBook
from transforms.formats_xlsx import Package, XlsxBook

MAX_ENTRIES = 10_000
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_OTHER_DOCUMENTS = ("WordDocument", "PowerPoint Document", "VisioDocument", "__substg1.0_")


def open_book(data: bytes, file_name: str) -> Book:
    """Open the bytes of a file called ``file_name``. Raises Refusal."""
    if not data.strip(b"\x00\t\r\n "):
        raise Refusal("refuse.empty")
    if len(data) > MAX_BYTES:
        raise Refusal("refuse.too_large", f"{len(data) >> 20}兆字节")
    if data.startswith(b"PK"):
        return _open_zip(data)
    if data.startswith(_OLE2):
        return _open_ole2(data, file_name)
    return open_csv(data, file_name)


def _open_zip(data: bytes) -> Book:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Refusal("refuse.damaged", cause=error) from error
    names = archive.namelist()
    if len(names) > MAX_ENTRIES:
        raise Refusal("refuse.too_many_entries", f"{len(names)}个")
    found = {name.lower() for name in names}
    package = Package(archive)
    if main := _main_part(package):
        return XlsxBook(data, package, main)
    if "xl/workbook.bin" in found:
        return XlsbBook(data, archive)
    if "content.xml" in found:
        return OdsBook(data, archive)
    if any(name.endswith((".csv", ".txt", ".tsv")) for name in found):
        return open_csv_archive(archive)
    raise Refusal("refuse.not_a_workbook", "压缩包里没有表格")


def _main_part(package: Package) -> str:
    """The XML of the workbook; '' where the archive is another one."""
    try:
        main = package.main_part()
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ParseError) as error:
        raise Refusal("refuse.damaged", cause=error) from error
    return main if main.lower().endswith(".xml") else ""


def _open_ole2(data: bytes, file_name: str) -> Book:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refusal("refuse.encrypted")
    try:
        return XlsBook(data)
    except Refusal as refusal:
        if refusal.rule != "refuse.damaged":
            raise
        is_wps = file_name.lower().endswith(".et") or "ETExtData".encode("utf-16-le") in data
        if is_wps:
            raise Refusal("refuse.wps_et", cause=refusal.cause) from refusal
        is_other = any(name.encode("utf-16-le") in data for name in _OTHER_DOCUMENTS)
        raise Refusal("refuse.not_a_workbook", cause=refusal.cause) if is_other else refusal from None
