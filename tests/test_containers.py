"""A workbook is found wherever it stands: odd parts of a package, a zip, a mail; and what it cannot be is said."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from expectations.rulebook.rulebook import load_rules
from flows.steps.steps import explain_refusal
from tests.workbook_edits import parts_of, replace_in, save_parts
from tests.workbooks import (
    CATALOGUE,
    Grid,
    csv_bytes,
    read,
    save_ods,
    save_xls,
    save_xlsb,
    save_xlsx,
    sheet,
    workbook,
)
from transforms.reading.file_read import FileRead

RULEBOOK = load_rules(None, CATALOGUE)
PAGE = "xl/worksheets/sheet2.xml"
Parts = dict[str, bytes]


def plain(path: Path) -> bytes:
    """The bytes of a workbook of one form."""
    return save_xlsx(path / "plain.xlsx", workbook(population=sheet())).read_bytes()


def said(result: FileRead) -> str:
    return explain_refusal(RULEBOOK, result.status, result.detail)


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_xlsx", ".xlsx").replace("_txt", ".txt"), data)
    return path


def is_read(result: FileRead) -> bool:
    return result.status == "read" and [s.form for s in result.sheets] == ["population"]


# ------------------------------------------------------------------------------------------------- packages
def _moved(parts: Parts) -> Parts:
    moved = {}
    for name, data in parts.items():
        path = re.sub("^xl/", "book/", name).replace("workbook.xml", "main.xml")
        moved[path] = data.replace(b"xl/workbook.xml", b"book/main.xml").replace(b"/xl/", b"/book/")
    return moved


EDITS: dict[str, Callable[[Parts], Parts]] = {
    "backslashes": lambda parts: {name.replace("/", "\\"): data for name, data in parts.items()},
    "another folder": _moved,
    "another name": lambda parts: {
        name.replace("workbook.xml", "workbook7.xml"): data.replace(b"xl/workbook.xml", b"xl/workbook7.xml")
        for name, data in parts.items()
    },
    "upper case": lambda parts: {name.upper() if name[:2] == "xl" else name: d for name, d in parts.items()},
    "at the top": lambda parts: {
        re.sub("^xl/", "", name): data.replace(b"xl/workbook.xml", b"workbook.xml")
        for name, data in parts.items()
    },
    "absolute targets": lambda parts: {
        name: data.replace(b'Target="worksheets', b'Target="/xl/worksheets').replace(
            b'Target="xl', b'Target="/xl'
        )
        for name, data in parts.items()
    },
}


@pytest.mark.parametrize("edit", EDITS)
def test_the_workbook_is_found_through_the_relations_of_the_package(tmp_path: Path, edit: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(plain(tmp_path))
    parts = parts_of(path)
    parts[PAGE] = parts[PAGE].replace(b'<c r="D5"><v>12</v></c>', b'<c r="D5"><f>1</f></c>')
    result = read(save_parts(path, EDITS[edit](parts)))
    assert is_read(result)
    assert [p["rule"] for p in result.problems] == [
        "read.formula_without_value"
    ]  # the marks are found as well


@pytest.mark.parametrize("quote", ["single", "none placed", "rows unplaced", "prefix and single"])
def test_a_formula_without_value_is_the_same_however_the_xml_is_written(tmp_path: Path, quote: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(plain(tmp_path))
    replace_in(path, PAGE, b'<c r="D5"><v>12</v></c>', b'<c r="D5"><f>SUM(E5:F5)</f></c>')
    parts = parts_of(path)
    xml = parts[PAGE]
    if quote == "none placed" or quote == "rows unplaced":
        # Without places every cell follows the one before: the blank cells of the head are written out.
        width = len(sheet()[0])
        xml = re.sub(rb'<c r="[A-Z]+\d+"', b"<c", xml)
        if quote == "rows unplaced":
            xml = re.sub(rb'<row r="\d+"', b"<row", xml)
        assert width > 2
    else:
        xml = xml.replace(b'"', b"'")
        if quote == "prefix and single":
            xml = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", xml).replace(b"xmlns=", b"xmlns:x=")
    parts[PAGE] = xml
    result = read(save_parts(path, parts))
    assert is_read(result)
    assert [(p["rule"], p["cell"]) for p in result.problems] == [("read.formula_without_value", "D5")]


# ------------------------------------------------------------------------------------------------- zips
@pytest.mark.parametrize("save", [save_xlsx, save_xls, save_ods, save_xlsb])
def test_a_zip_with_one_workbook_is_read_as_that_workbook(tmp_path: Path, save: Callable[..., Path]) -> None:
    suffix = save.__name__.replace("save_", ".")
    inner = save(tmp_path / f"b{suffix}", workbook(population=sheet())).read_bytes()
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"滨城区/2024/报表{suffix}", inner)
        archive.writestr("滨城区/2024/说明.txt", "请查收，报表见附件。".encode("gb18030"))
        archive.writestr("__MACOSX/滨城区/._报表.xlsx", b"\x00")
        archive.writestr("滨城区/~$报表.xlsx", b"\x00")
        archive.writestr("照片.jpg", b"\xff\xd8")
    assert is_read(read(path))
    assert is_read(read(path, "报表.xlsx"))  # by the bytes, whatever the name


def test_a_zip_of_several_workbooks_says_which(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", 甲_xlsx=plain(tmp_path), 乙_xlsx=plain(tmp_path))
    result = read(path)
    assert result.status == "refuse.several_workbooks"
    assert "2个工作簿：“甲.xlsx”、“乙.xlsx”" in said(result)


def test_a_broken_workbook_in_a_zip_is_told_by_its_name(tmp_path: Path) -> None:
    result = read(zipped(tmp_path / "a.zip", 甲_xlsx=plain(tmp_path)[:900]))
    assert result.status == "refuse.damaged"
    assert "其中的“甲.xlsx”" in said(result)


def test_the_readable_one_of_two_is_read(tmp_path: Path) -> None:
    assert is_read(read(zipped(tmp_path / "a.zip", 甲_xlsx=plain(tmp_path), 乙_xlsx=plain(tmp_path)[:900])))


def test_a_text_beside_tables_of_commas_is_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("年2表.csv", csv_bytes(sheet(), "gb18030"))
        archive.writestr("年5表 说明.txt", "单位代码\t单位名称\t春节".encode("gb18030"))
    result = read(path)
    assert is_read(result)
    assert result.problems == []


@pytest.mark.parametrize(
    "data",
    [b"7z\xbc\xaf\x27\x1c\x00\x04rest", b"Rar!\x1a\x07\x01\x00rest", b"\x1f\x8b\x08\x00rest", b"BZh9rest"],
)
@pytest.mark.parametrize("name", ["a.rar", "a.xlsx", "a.csv"])
def test_other_archives_are_told_as_such(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(data * 50)
    result = read(path, name)
    assert result.status == "refuse.archive"
    assert said(result).startswith("收到的是压缩包")


def test_zips_in_zips_end(tmp_path: Path) -> None:
    data = plain(tmp_path)
    for depth in range(6):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("里面.zip", data)
        data = inner.getvalue()
        path = tmp_path / f"{depth}.zip"
        path.write_bytes(data)
        result = read(path)
        assert is_read(result) if depth < 2 else result.status == "refuse.archive"


def test_a_member_that_is_too_large_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("甲.xlsx", b"PK" + bytes(65 << 20))
    assert read(path).status == "refuse.too_large"


def test_a_zip_without_a_workbook_says_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("图/照片.jpg", b"\xff\xd8")
    assert "照片.jpg" in said(read(path))


# ------------------------------------------------------------------------------------------------- mails
def mail(*attachments: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "年报"
    message.set_content("请查收。")
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


@pytest.mark.parametrize("name", ["年报.eml", "年报.xlsx"])
def test_a_mail_with_one_workbook_is_read_as_that_workbook(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail(("报表.xlsx", plain(tmp_path)), ("签名.png", b"\x89PNG")))
    assert is_read(read(path, name))


def test_a_mail_may_carry_a_zip(tmp_path: Path) -> None:
    packed = zipped(tmp_path / "a.zip", 甲_xlsx=plain(tmp_path)).read_bytes()
    path = tmp_path / "a.eml"
    path.write_bytes(mail(("报表.zip", packed)))
    assert is_read(read(path))


def test_a_mail_without_or_with_several_workbooks_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.eml"
    path.write_bytes(mail(("照片.jpg", b"\xff\xd8")))
    assert read(path).status == "refuse.mail"
    assert "照片.jpg" in said(read(path))
    path.write_bytes(mail(("甲.xlsx", plain(tmp_path)), ("乙.xlsx", plain(tmp_path))))
    assert read(path).status == "refuse.several_workbooks"


def outlook_mail(data: bytes) -> bytes:
    """The few sectors of [MS-CFB] that an .msg with one attachment needs."""
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    count = -(-len(data) // 512)
    chain = [*range(3, 2 + count), end]
    table = [0xFFFFFFFD, end, *chain]
    none = -1

    def entry(name: str, kind: int, child: int = none, start: int = end, size: int = 0) -> bytes:
        text = name.encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2, kind, 1)
        links = struct.pack("<iii", none, none, child) + bytes(16 + 4 + 16)
        return head + links + struct.pack("<IQ", start, size)

    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108
    folder = (
        entry("Root Entry", 5, child=1)
        + entry("__attach_version1.0_#00000000", 1, child=2)
        + entry("__substg1.0_37010102", 2, start=2, size=len(data))
        + bytes(128)
    )
    sectors = struct.pack("<128I", *table, *[free] * (128 - len(table))) + folder
    return header + sectors + data.ljust(count * 512, b"\0")


def test_an_outlook_mail_with_one_workbook_is_read_as_that_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.msg"
    path.write_bytes(outlook_mail(plain(tmp_path)))
    assert is_read(read(path))
    path.write_bytes(outlook_mail(b"\xff\xd8 a picture".ljust(5000, b".")))
    assert read(path).status == "refuse.mail"


# ------------------------------------------------------------------------------------------------- others
def test_an_xls_with_a_password_says_so(tmp_path: Path) -> None:
    from xlrd.compdoc import CompDoc
    from xlwt.CompoundDoc import XlsDoc

    path = save_xls(tmp_path / "a.xls", workbook(population=sheet()))
    stream = bytes(CompDoc(path.read_bytes(), logfile=io.StringIO()).get_named_stream("Workbook"))
    first = 4 + struct.unpack("<HH", stream[:4])[1]
    locked = stream[:first] + struct.pack("<HH", 0x2F, 6) + bytes(6) + stream[first:]
    written = io.BytesIO()
    XlsDoc().save(written, locked)
    path.write_bytes(written.getvalue())
    assert read(path).status == "refuse.encrypted"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("回执_2024_20250121_0123abcd.md", "# 年报回执\n\n| 项目 | 内容 |\n"),
        (
            "回执.html",
            '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>回执_2024</title>',
        ),
        ("报表.csv", "\ufeff# 年报回执（重复报送）\n"),
    ],
)
def test_a_receipt_that_is_sent_back_is_known_as_one(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "a"
    path.write_text(text, encoding="utf-8")
    result = read(path, name)
    assert said(result).startswith("收到的是市级发给你单位的回执，不是报表")


def test_a_letter_is_no_mail_and_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a"
    rows: Grid = [["From: 滨城区", "x"]]
    path.write_bytes(csv_bytes(rows, "utf-8"))
    assert read(path, "a.csv").status == "read"
    assert read(path, "a.doc").status == "refuse.not_a_workbook"
