"""Opens a workbook's bytes; the format is recognised by the bytes, not by the name."""

from __future__ import annotations

import io
import zipfile
from xml.etree.ElementTree import ParseError

from transforms.reading.formats.book import MAX_BYTES, UNREADABLE_MEMBER, Book, Refusal
from transforms.reading.formats.container import (
    Open,
    is_mail,
    is_other_archive,
    is_password_protected,
    open_archive,
    open_mail,
    open_outlook_mail,
)
from transforms.reading.formats.csv import open_csv
from transforms.reading.formats.ods import OdsBook
from transforms.reading.formats.xls import XlsBook
from transforms.reading.formats.xlsb import XlsbBook
from transforms.reading.formats.xlsx import Package, XlsxBook

MAX_ENTRIES = 10_000
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_OTHER_DOCUMENTS = ("WordDocument", "PowerPoint Document", "VisioDocument")
_OF_OFFICE = {"word/document.xml", "ppt/presentation.xml", "visio/document.xml"}
_DEPTH = 2  # a zip in a mail, a mail in a zip
_OWN_RECEIPT = ("# 年报回执".encode(), "<title>回执_".encode())


def open_book(data: bytes, file_name: str, depth: int = _DEPTH) -> Book:
    """Open the bytes of a file called ``file_name``; of a zip or a mail, the one workbook inside. Raises Refusal."""
    if not data.strip(b"\x00\t\r\n "):
        raise Refusal("refuse.empty")
    if len(data) > MAX_BYTES:
        raise Refusal("refuse.too_large", f"{len(data) >> 20}兆字节")
    if data.startswith(b"PK"):
        return _open_zip(data, depth)
    if data.startswith(_OLE2):
        return _open_ole2(data, file_name, depth)
    if is_other_archive(data):
        raise Refusal("refuse.archive")
    if any(sign in data[:4096] for sign in _OWN_RECEIPT):
        raise Refusal("refuse.own_receipt")
    if is_mail(data):
        return open_mail(data, _open_nested(depth))
    return open_csv(data, file_name)


def _open_nested(depth: int) -> Open:
    """A function that opens a workbook inside another file."""

    def open_inside(data: bytes, name: str) -> Book:
        if depth == 0:
            raise Refusal("refuse.archive", "压缩包中还有压缩包")
        return open_book(data, name, depth - 1)

    return open_inside


def _open_zip(data: bytes, depth: int) -> Book:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Refusal("refuse.damaged", cause=error) from error
    names = archive.namelist()
    if len(names) > MAX_ENTRIES:
        raise Refusal("refuse.too_many_entries", f"{len(names)}个")
    found = {name.replace("\\", "/").lower() for name in names}
    package = Package(archive)
    if main := _read_main_part(package):
        return XlsxBook(data, package, main)
    if "xl/workbook.bin" in found:
        return XlsbBook(data, archive)
    if "content.xml" in found:
        return OdsBook(data, archive)
    if found & _OF_OFFICE:
        raise Refusal("refuse.not_a_workbook")
    return open_archive(archive, _open_nested(depth))


def _read_main_part(package: Package) -> str:
    """The XML of the workbook; '' where the archive is another one."""
    try:
        main = package.main_part()
    except (ParseError, *UNREADABLE_MEMBER) as error:
        raise Refusal("refuse.damaged", cause=error) from error
    return main if main.lower().endswith(".xml") else ""


def _open_ole2(data: bytes, file_name: str, depth: int) -> Book:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise Refusal("refuse.encrypted")
    try:
        return XlsBook(data)
    except Refusal as refusal:
        if refusal.rule != "refuse.damaged":
            raise
        if is_password_protected(data):
            raise Refusal("refuse.encrypted", cause=refusal.cause) from refusal
        if mail := open_outlook_mail(data, _open_nested(depth)):
            return mail
        is_wps = file_name.lower().endswith(".et") or "ETExtData".encode("utf-16-le") in data
        if is_wps:
            raise Refusal("refuse.wps_et", cause=refusal.cause) from refusal
        is_other = any(name.encode("utf-16-le") in data for name in _OTHER_DOCUMENTS)
        raise Refusal("refuse.not_a_workbook", cause=refusal.cause) if is_other else refusal from None
