"""Comma-separated texts: one file is a workbook of one sheet, a zip of them a workbook of several."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import PurePosixPath

from transforms.reading.formats.book import (
    MAX_BYTES,
    UNREADABLE_MEMBER,
    Marks,
    Range,
    Refusal,
    Row,
    SheetInfo,
)

CSV_SUFFIXES = (".csv", ".tsv", ".txt")
_UTF8_NAME = 0x800
_FORMULA = re.compile(r'^="([^"]*)"$')


class CsvBook:
    """Sheets of texts; a CSV hides nothing, so there are no marks."""

    def __init__(self, texts: dict[str, str], kind: str) -> None:
        self.kind = kind
        self.sheets = [SheetInfo(name) for name in texts]
        self._texts = texts

    def rows(self, name: str) -> list[Row]:
        return _parse_rows(self._texts[name])

    def merged_ranges(self, name: str) -> list[Range]:
        return []

    def marks(self, name: str) -> Marks:
        return Marks()


def open_csv(data: bytes, file_name: str) -> CsvBook:
    """One text file. Raises Refusal, also where the file is not called a CSV."""
    if not file_name.lower().endswith(CSV_SUFFIXES):
        raise Refusal("refuse.not_a_workbook")
    return CsvBook({PurePosixPath(file_name).stem: decode(data)}, "csv")


def open_csv_archive(archive: zipfile.ZipFile) -> CsvBook:
    """The text files of a zip, one sheet each, called by the member's name. Raises Refusal."""
    texts_of = [info for info in archive.infolist() if info.filename.lower().endswith(CSV_SUFFIXES)]
    # A text beside tables is a note to them.
    members = [info for info in texts_of if not info.filename.lower().endswith(".txt")] or texts_of
    if sum(info.file_size for info in members) > MAX_BYTES:
        raise Refusal("refuse.too_large")
    texts: dict[str, str] = {}
    for info in members:
        name = member_name(info)
        if PurePosixPath(name).name.startswith((".", "~")) or "__MACOSX" in name:
            continue
        try:
            data = archive.read(info)
        except UNREADABLE_MEMBER as error:
            rule = "refuse.encrypted" if info.flag_bits & 1 else "refuse.damaged"
            raise Refusal(rule, f"压缩包中的“{name}”", error) from error
        stem = PurePosixPath(name).stem
        texts[stem if stem not in texts else name] = decode(data) if data else ""
    return CsvBook(texts, "zip")


def decode(data: bytes) -> str:
    """Text of a CSV: UTF-8 with or without mark, UTF-16 with mark, else GB18030. Raises Refusal."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in data:
        raise Refusal("refuse.not_a_workbook")
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal("refuse.not_a_workbook", cause="encoding")


def member_name(info: zipfile.ZipInfo) -> str:
    """The name of a member as its writer saw it."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    try:  # Windows in China writes member names in GBK, which zipfile takes for CP437
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def _parse_rows(text: str) -> list[Row]:
    head = text[:4096]
    delimiter = max(",\t;", key=head.count)
    try:
        rows: list[Row] = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise Refusal("refuse.damaged", cause=error) from error
    if '="' in text:  # a text that is written as a formula, so that its leading zeros stay
        rows = [[_FORMULA.sub(r"\1", cell) for cell in row] for row in rows]
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) if len(row) < width else row for row in rows]
