"""The same workbook as .xls, .ods or a zip of .csv, bent at random from a seed as only that format can be.

What bends any zip archive stands in mutated_workbooks.
"""

from __future__ import annotations

import io
import random
import re
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineWorkbook

from tests.mutated_workbooks import (
    ARCHIVE_MUTATIONS,
    BYTE_MUTATIONS,
    ENTITIES,
    NO_WORKBOOK,
    TEXTS,
    Mutation,
    cut_xml,
    pack,
    unpack,
)
from tests.workbooks import Grid, csv_bytes, save_csv_zip, save_ods, save_xls

Drawn = random.Random

_SECTOR = 512
_NUMBER, _RK, _LABEL, _SHARED, _DIMENSION, _STRINGS, _SHEET = 0x203, 0x27E, 0x204, 0xFD, 0x200, 0xFC, 0x85
_NUMBERS = (
    b"1e300",
    b"-1",
    b"0.5",
    b"1905",
    b"NaN",
    b"1e999",
    b"",
    b"0x10",
    "１２".encode(),
    "约三百".encode(),
)


def rewrite(honest: bytes, ending: str) -> bytes:
    """The workbook's cells in another format: .xls, .ods or .zip (of .csv)."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(honest))
    sheets: dict[str, Grid] = {}
    for name in book.sheet_names:
        if rows := book.get_sheet_by_name(name).to_python(skip_empty_area=False):
            sheets[name] = [list(row) for row in rows]
    save = {".xls": save_xls, ".ods": save_ods, ".zip": save_csv_zip}[ending]
    with tempfile.TemporaryDirectory() as folder:
        return save(Path(folder) / "book", sheets).read_bytes()


def mutate_format(content: bytes, ending: str, drawn: Drawn) -> bytes:
    """The workbook, which is in the format of ``ending``, with one or two things bent."""
    for _ in range(drawn.choice([1, 1, 1, 2])):
        try:
            content = drawn.choice(_MUTATIONS[ending])(content, drawn)
        except (*NO_WORKBOOK, struct.error):
            return content  # the first mutation left no workbook to bend further
    return content


# ---------------------------------------------------------------------------------------------------- .xls
def _list_records(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, place and length of each record of the stream, which follows the header."""
    at = _SECTOR
    while at + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, at)
        if kind == 0 and length == 0:
            return
        yield kind, at, length
        at += 4 + length


def _pick_record(content: bytes, drawn: Drawn, *kinds: int) -> tuple[int, int]:
    found = [(at, length) for kind, at, length in _list_records(content) if not kinds or kind in kinds]
    return drawn.choice(found)


def _put(content: bytes, at: int, data: bytes) -> bytes:
    return content[:at] + data + content[at + len(data) :]


def _lie_in_header(content: bytes, drawn: Drawn) -> bytes:
    """Sector sizes, the table's length and the first sectors of the compound file."""
    at = drawn.choice([0x1A, 0x1E, 0x20, 0x2C, 0x30, 0x38, 0x3C, 0x40, 0x44, 0x48, 0x4C])
    return _put(
        content, at, drawn.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\0\0", drawn.randbytes(4)])
    )


def _turn_chain_round(content: bytes, drawn: Drawn) -> bytes:
    """An entry of the allocation table that leads back to where the chain came from."""
    [table] = struct.unpack_from("<I", content, 0x4C)
    at = (table + 1) * _SECTOR + 4 * drawn.randrange(64)
    return _put(
        content, at, struct.pack("<I", drawn.choice([0, drawn.randrange(64), 0xFFFFFFFE, 0x7FFFFFFF]))
    )


def _lie_about_record(content: bytes, drawn: Drawn) -> bytes:
    at, length = _pick_record(content, drawn)
    return _put(content, at + 2, struct.pack("<H", drawn.choice([0, 1, 0xFFFF, 8224, length ^ 1])))


def _change_record_kind(content: bytes, drawn: Drawn) -> bytes:
    at, _ = _pick_record(content, drawn)
    kinds = (0x2F, 0x809, 0x0A, 0x3C, 0x06, 0x221, _LABEL, _NUMBER, drawn.randrange(0x1000))
    return _put(content, at, struct.pack("<H", drawn.choice(kinds)))


def _fill_record(content: bytes, drawn: Drawn) -> bytes:
    at, length = _pick_record(content, drawn)
    return _put(content, at + 4, drawn.choice([b"\0" * length, b"\xff" * length, drawn.randbytes(length)]))


def _claim_dimension(content: bytes, drawn: Drawn) -> bytes:
    at, _ = _pick_record(content, drawn, _DIMENSION)
    return _put(
        content,
        at + 4,
        struct.pack("<IIHH", 0, drawn.choice([65536, 2**32 - 1]), 0, drawn.choice([256, 65535])),
    )


def _claim_strings(content: bytes, drawn: Drawn) -> bytes:
    at, _ = _pick_record(content, drawn, _STRINGS)
    return _put(content, at + 8, struct.pack("<I", drawn.choice([0, 1, 2**31, 2**32 - 1])))


def _move_sheet(content: bytes, drawn: Drawn) -> bytes:
    """A sheet that begins elsewhere: in the file's end, in itself, in another sheet."""
    at, _ = _pick_record(content, drawn, _SHEET)
    other, _ = _pick_record(content, drawn)
    place = drawn.choice([0, other - _SECTOR, len(content), 2**32 - 1])
    return _put(content, at + 4, struct.pack("<I", place))


def _move_cells(content: bytes, drawn: Drawn) -> bytes:
    for _ in range(drawn.choice([1, 5, 200])):
        at, _ = _pick_record(content, drawn, _NUMBER, _RK, _SHARED)
        row, column = drawn.choice([(65535, 255), (drawn.randrange(99), drawn.randrange(9)), (0, 65535)])
        content = _put(content, at + 4, struct.pack("<HH", row, column))
    return content


def _bend_numbers(content: bytes, drawn: Drawn) -> bytes:
    bent = bytearray(content)
    share, value = (
        drawn.choice([0.02, 0.2, 1.0]),
        drawn.choice([1e300, -1.0, 0.5, float("nan"), float("inf")]),
    )
    for kind, at, _ in _list_records(content):
        if drawn.random() < share and kind == _NUMBER:
            struct.pack_into("<d", bent, at + 10, value)
        elif drawn.random() < share and kind == _RK:
            struct.pack_into("<I", bent, at + 10, drawn.randrange(2**32))
        elif drawn.random() < share / 10 and kind == _SHARED:
            struct.pack_into("<I", bent, at + 10, drawn.choice([0, 1, 10**6, 2**32 - 1]))
    return bytes(bent)


# ---------------------------------------------------------------------------------------------------- .ods
def _in_content(bend: Mutation, name: str = "content.xml") -> Mutation:
    def mutation(content: bytes, drawn: Drawn) -> bytes:
        parts = unpack(content)
        return pack({**parts, name: bend(parts[name], drawn)})

    return mutation


def _declare_entities(xml: bytes, drawn: Drawn) -> bytes:
    head, end, rest = xml.partition(b"?>")
    said = drawn.choice([b"&c;", b"&f;", b"&nosuch;"])
    return (
        head
        + end
        + ENTITIES
        + re.sub(rb"<text:p>[^<]*", b"<text:p>" + said, rest, count=drawn.choice([1, 20]))
    )


def _repeat(xml: bytes, drawn: Drawn) -> bytes:
    """Rows or cells that are repeated more often than any sheet has room for."""
    what, many = drawn.choice([(b"row", b"rows"), (b"cell", b"columns")])
    times = drawn.choice([b"2", b"1048576", b"16384", b"-1", b"99999999999999999999", b"x", b"0"])
    tag = b"<table:table-" + what
    places = [found.end() for found in re.finditer(tag + rb"\b", xml)]
    at = drawn.choice(places)
    return xml[:at] + b" table:number-" + many + b'-repeated="' + times + b'"' + xml[at:]


def _bend_values(xml: bytes, drawn: Drawn) -> bytes:
    """The stored value says something else than what is shown, or nothing that is a number."""
    share = drawn.choice([0.02, 0.2, 1.0])

    def bend(found: re.Match[bytes]) -> bytes:
        return b'office:value="' + drawn.choice(_NUMBERS) + b'"' if drawn.random() < share else found[0]

    return re.sub(rb'office:value="[^"]*"', bend, xml)


def _lie_about_types(xml: bytes, drawn: Drawn) -> bytes:
    kind = drawn.choice([b"string", b"float", b"boolean", b"date", b"time", b"percentage", b"nonsense", b""])
    return re.sub(rb'value-type="[a-z]+"', b'value-type="' + kind + b'"', xml, count=drawn.choice([0, 1, 20]))


def _show_texts(xml: bytes, drawn: Drawn) -> bytes:
    text = drawn.choice(TEXTS).replace("&", "").replace("<", "&lt;").encode()
    said = drawn.choice([text, b"Err:502", b"#REF!", b"</text:p><text:p>3", b"<text:span>1</text:span>2"])
    return re.sub(
        rb"<text:p>[-\d.]+</text:p>", b"<text:p>" + said + b"</text:p>", xml, count=drawn.choice([0, 1, 20])
    )


def _write_formulas(xml: bytes, drawn: Drawn) -> bytes:
    formula = drawn.choice(
        [b"of:=1+1", b"of:=WEBSERVICE(&quot;http://127.0.0.1:1/&quot;)", b"msoxl:=[1]A!A1"]
    )
    cell = re.compile(rb'<table:table-cell office:value-type="float" office:value="[^"]*"')
    return cell.sub(
        b'<table:table-cell table:formula="' + formula + b'"', xml, count=drawn.choice([0, 1, 20])
    )


def _span(xml: bytes, drawn: Drawn) -> bytes:
    size = drawn.choice([b"2", b"1048576", b"99999999999", b"-3"])
    spans = b' table:number-columns-spanned="' + size + b'" table:number-rows-spanned="' + size + b'"'
    return xml.replace(b"<table:table-cell", b"<table:table-cell" + spans, drawn.choice([1, 30]))


def _name_sheets(xml: bytes, drawn: Drawn) -> bytes:
    name = drawn.choice([b"", b"&#65;", "封面".encode(), b"a" * 70_000, b"../x"])
    return re.sub(rb'table:name="[^"]*"', b'table:name="' + name + b'"', xml, count=drawn.choice([0, 1]))


def _claim_password(xml: bytes, _drawn: Drawn) -> bytes:
    return xml.replace(b"</manifest:manifest>", b"<manifest:encryption-data/></manifest:manifest>")


# ---------------------------------------------------------------------------------------------------- .csv
def _in_member(bend: Mutation) -> Mutation:
    def mutation(content: bytes, drawn: Drawn) -> bytes:
        parts = unpack(content)
        name = drawn.choice(sorted(parts))
        return pack({**parts, name: bend(parts[name], drawn)})

    return mutation


def _recode(data: bytes, drawn: Drawn) -> bytes:
    text = data.decode("gb18030")
    encoding = drawn.choice(
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7", "big5", "shift_jis"]
    )
    return drawn.choice([b"", b"\xef\xbb\xbf", b"\xff\xfe"]) + text.encode(encoding, "replace")


def _separate_otherwise(data: bytes, drawn: Drawn) -> bytes:
    return data.replace(b",", drawn.choice([b";", b"\t", b"|", b" ", "，".encode("gb18030"), b",,"]))


def _end_lines_otherwise(data: bytes, drawn: Drawn) -> bytes:
    return data.replace(b"\r\n", drawn.choice([b"\r", b"\n", b"\n\n", b"", b"\x0b", b"\r\r\n"]))


def _insert(data: bytes, drawn: Drawn) -> bytes:
    """A quote that is never closed, a null, a very long cell, very many cells: somewhere."""
    at = drawn.randrange(len(data) + 1)
    said = drawn.choice(
        (
            b'"',
            b'""',
            b'",',
            b"\0",
            b"#" * 200_000,
            b"," * 100_000,
            b"\xff",
            b"\r\n" * 50_000,
            b"\x1a",
            b'="00',
            b"\\",
        )
    )
    return data[:at] + said + data[at:]


def _bend_fields(data: bytes, drawn: Drawn) -> bytes:
    share = drawn.choice([0.02, 0.2, 1.0])
    texts = [*_NUMBERS, *(text.encode("gb18030", "replace") for text in TEXTS)]

    def bend(found: re.Match[bytes]) -> bytes:
        return b"," + drawn.choice(texts) if drawn.random() < share else found[0]

    return re.sub(rb",[\d.]+", bend, data)


def _shift_cells(data: bytes, drawn: Drawn) -> bytes:
    """A row that lost its first cell, came twice, or went elsewhere."""
    lines = data.split(b"\r\n")
    at = drawn.randrange(len(lines))
    line = lines.pop(at)
    lines[at:at] = drawn.choice([[line.partition(b",")[2]], [line, line], []])
    if drawn.random() < 0.5:
        lines.insert(drawn.randrange(len(lines) + 1), line)
    return b"\r\n".join(lines)


def _other_table(_data: bytes, drawn: Drawn) -> bytes:
    return csv_bytes([["姓名", "电话"], *(["张三", drawn.randrange(10**9)] for _ in range(9))], "gb18030")


_MUTATIONS: dict[str, tuple[Mutation, ...]] = {
    ".xls": (
        *BYTE_MUTATIONS, _lie_in_header, _turn_chain_round, *(_lie_about_record,) * 2, _change_record_kind, _fill_record,
        _claim_dimension, _claim_strings, _move_sheet, _move_cells, *(_bend_numbers,) * 4,
    ),
    ".ods": (
        *BYTE_MUTATIONS, *ARCHIVE_MUTATIONS, _in_content(cut_xml), _in_content(_declare_entities), *(_in_content(_repeat),) * 3,
        *(_in_content(_bend_values),) * 3, _in_content(_lie_about_types), _in_content(_show_texts),
        _in_content(_write_formulas), _in_content(_span), _in_content(_name_sheets),
        _in_content(_claim_password, "META-INF/manifest.xml"),
    ),
    ".zip": (
        *BYTE_MUTATIONS, *ARCHIVE_MUTATIONS, *map(_in_member, BYTE_MUTATIONS), _in_member(_recode),
        _in_member(_separate_otherwise), _in_member(_end_lines_otherwise), *(_in_member(_insert),) * 2,
        *(_in_member(_bend_fields),) * 4, _in_member(_shift_cells), _in_member(_other_table),
    ),
}  # fmt: skip
