"""Workbooks bent at random from a seed: bytes, parts and XML of honest ones, as damage, carelessness and malice do it."""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
import zlib
from collections.abc import Callable

Parts = dict[str, bytes]
Drawn = random.Random

_CELL = re.compile(rb'<c r="([A-Z]+\d+)"( s="\d+")?><v>([-\d.]+)</v></c>')
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
)
TEXTS = (
    *(
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "<script>alert(1)</script>",
        "[链接](http://127.0.0.1)",
        "|a|b|",
        "约三百",
    ),
    *("见附件", "\u202e003", "１２", "3.2.1", "_x0000_", "#" * 40_000, "'; DROP TABLE mart.indicator; --"),
)
_NAMES = (
    "../../../tmp/a.xml",
    "/etc/passwd",
    "C:\\a.xml",
    "xl/../../a.xml",
    "xl/worksheets/sheet1.xml",
    "a" * 60_000,
)


NO_WORKBOOK = (
    *(zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError),
    *(IndexError, KeyError, EOFError, RuntimeError),
)


def mutate(honest: bytes, drawn: Drawn) -> bytes:
    """The workbook with one or two things bent."""
    for _ in range(drawn.choice([1, 1, 1, 2])):
        try:
            honest = drawn.choice(_MUTATIONS)(honest, drawn)
        except NO_WORKBOOK:
            return honest  # the first mutation left no workbook to bend further
    return honest


def unpack(content: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {info.filename: book.read(info) for info in book.infolist()}


def pack(parts: Parts, *more: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book,
        warnings.catch_warnings(action="ignore"),  # of a name that is there twice
    ):
        for name, data in [*parts.items(), *more]:
            book.writestr(name, data)
    return content.getvalue()


def _pick_sheet(parts: Parts, drawn: Drawn) -> str:
    return drawn.choice(sorted(name for name in parts if name.startswith("xl/worksheets/sheet")))


def _in_sheet(bend: Callable[[bytes, Drawn], bytes]) -> Callable[[bytes, Drawn], bytes]:
    def mutation(content: bytes, drawn: Drawn) -> bytes:
        parts = unpack(content)
        name = _pick_sheet(parts, drawn)
        return pack({**parts, name: bend(parts[name], drawn)})

    return mutation


def _in_part(name: str, bend: Callable[[bytes, Drawn], bytes]) -> Callable[[bytes, Drawn], bytes]:
    def mutation(content: bytes, drawn: Drawn) -> bytes:
        parts = unpack(content)
        return pack({**parts, name: bend(parts[name], drawn)})

    return mutation


def _flip_bytes(content: bytes, drawn: Drawn) -> bytes:
    damaged = bytearray(content)
    for _ in range(drawn.choice([1, 3, 100])):
        damaged[drawn.randrange(len(damaged))] ^= drawn.randrange(1, 256)
    return bytes(damaged)


def _truncate(content: bytes, drawn: Drawn) -> bytes:
    return content[: drawn.randrange(len(content))]


def _swap_parts(content: bytes, drawn: Drawn) -> bytes:
    parts = unpack(content)
    one, other = drawn.sample(sorted(parts), 2)
    return pack({**parts, one: parts[other], other: parts[one]})


def _lose_part(content: bytes, drawn: Drawn) -> bytes:
    parts = unpack(content)
    del parts[drawn.choice(sorted(parts))]
    return pack(parts)


def _add_odd_name(content: bytes, drawn: Drawn) -> bytes:
    parts = unpack(content)
    return pack(parts, (drawn.choice(_NAMES), drawn.choice([b"", b"<a/>", *parts.values()])))


def _nest(content: bytes, drawn: Drawn) -> bytes:
    for _ in range(drawn.randrange(1, 8)):
        content = pack({drawn.choice(["a.zip", "a.xlsx", "年报.xlsx"]): content})
    return content


def _lie_about_sizes(content: bytes, drawn: Drawn) -> bytes:
    """The directory of the archive states other sizes or sums than its parts have."""
    damaged = bytearray(content)
    starts = [found.start() for found in re.finditer(rb"PK\x01\x02", content)]
    at = drawn.choice(starts) + drawn.choice([16, 20, 24])
    damaged[at : at + 4] = drawn.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", drawn.randbytes(4)])
    return bytes(damaged)


def _declare_entities(xml: bytes, drawn: Drawn) -> bytes:
    head, end, rest = xml.partition(b"?>")
    said = drawn.choice([b"&c;", b"&f;", b"&nosuch;"])
    return head + end + ENTITIES + _CELL.sub(rb'<c r="\1" t="str"><v>' + said + b"</v></c>", rest, count=1)


def _claim_huge_dimension(xml: bytes, _drawn: Drawn) -> bytes:
    return re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1:XFD1048576"/>', xml)


def _put_far_cell(xml: bytes, drawn: Drawn) -> bytes:
    cell = drawn.choice([b"XFD1048576", b"A1048576", b"XFD900", b"ZZZZ99999999", b"A0", b"\xe7\x94\xb2"])
    row = re.sub(rb"\D", b"", cell) or b"1"
    added = b'<row r="' + row + b'"><c r="' + cell + b'"><v>1</v></c></row></sheetData>'
    return xml.replace(b"</sheetData>", added)


def _nest_deeply(xml: bytes, drawn: Drawn) -> bytes:
    depth = drawn.choice([100, 10_000, 200_000])
    return xml.replace(b"</sheetData>", b"</sheetData>" + b"<a>" * depth + b"</a>" * depth)


def cut_xml(xml: bytes, drawn: Drawn) -> bytes:
    return xml[: drawn.randrange(len(xml))]


def _claim_shared_strings(xml: bytes, drawn: Drawn) -> bytes:
    count = drawn.choice([b"0", b"4294967296", b"-1", b"99999999999999999999"])
    return re.sub(rb'ount="\d+"', b'ount="' + count + b'"', xml)


def _point_beyond_shared_strings(xml: bytes, drawn: Drawn) -> bytes:
    number = str(drawn.choice([-1, 10**6, 2**32, 2**64])).encode()
    return re.sub(rb't="s"><v>\d+</v>', b't="s"><v>' + number + b"</v>", xml, count=drawn.choice([0, 1, 5]))


def _change_content_type(xml: bytes, drawn: Drawn) -> bytes:
    return re.sub(rb'ContentType="[^"]*"', b'ContentType="text/html"', xml, count=drawn.choice([0, 1, 3]))


def _link_outside(xml: bytes, drawn: Drawn) -> bytes:
    target = drawn.choice([b"http://127.0.0.1:1/a.xml", b"file:///etc/passwd", b"../../../../etc/passwd"])
    return re.sub(rb'Target="[^"]*"', b'Target="' + target + b'"', xml, count=drawn.choice([1, 3]))


def _bend_cells(xml: bytes, drawn: Drawn) -> bytes:
    share, kind = drawn.choice([0.02, 0.2, 1.0]), drawn.randrange(5)

    def bend(cell: re.Match[bytes]) -> bytes:
        if drawn.random() > share:
            return cell[0]
        start = b'<c r="' + cell[1] + b'"'
        text = drawn.choice(TEXTS).replace("<", "&lt;").encode()
        number = drawn.choice([b"1e300", b"-1", b"0.5", b"1905", b"NaN", b"1e999", b"", cell[3] + b"0"])
        return (
            start + b' t="inlineStr"><is><t>' + text + b"</t></is></c>",
            start + b"><v>" + number + b"</v></c>",
            start + b"><f>WEBSERVICE(&quot;http://127.0.0.1:1/&quot;)</f></c>",
            start + b"><f>[1]Sheet1!A1</f><v>" + cell[3] + b"</v></c>",
            start + b' t="e"><v>#REF!</v></c>',
        )[kind]

    return _CELL.sub(bend, xml)


Mutation = Callable[[bytes, Drawn], bytes]
BYTE_MUTATIONS: tuple[Mutation, ...] = (_flip_bytes, _truncate)
"""Of any file."""


ARCHIVE_MUTATIONS: tuple[Mutation, ...] = (_swap_parts, _lose_part, _add_odd_name, _nest, _lie_about_sizes)
"""Of any zip archive of parts."""


_MUTATIONS: tuple[Mutation, ...] = (
    *BYTE_MUTATIONS,
    *ARCHIVE_MUTATIONS,
    _in_sheet(_declare_entities),
    _in_sheet(_claim_huge_dimension),
    _in_sheet(_put_far_cell),
    _in_sheet(_nest_deeply),
    _in_sheet(cut_xml),
    _in_sheet(_point_beyond_shared_strings),
    *(_in_sheet(_bend_cells),) * 4,
    _in_part("xl/sharedStrings.xml", _claim_shared_strings),
    _in_part("xl/sharedStrings.xml", cut_xml),
    _in_part("xl/sharedStrings.xml", _declare_entities),
    _in_part("[Content_Types].xml", _change_content_type),
    _in_part("xl/_rels/workbook.xml.rels", _link_outside),
    _in_part("xl/workbook.xml", cut_xml),
)
