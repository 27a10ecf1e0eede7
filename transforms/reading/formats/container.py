"""Workbooks inside other files: a zip, a mail with its attachment. The workbook inside is opened as if it had come by itself.

Nothing is unpacked onto disk, and members are taken from the beginning of their bytes, never from a path.
"""

from __future__ import annotations

import email
import email.policy
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from transforms.reading.formats.book import MAX_BYTES, UNREADABLE_MEMBER, Book, Refusal
from transforms.reading.formats.csv import CSV_SUFFIXES, member_name, open_csv_archive

Open = Callable[[bytes, str], Book]

SEVERAL = "refuse.several_workbooks"
"""The rule of a file that holds several workbooks: each of them is received by itself."""

_MAGIC = (b"PK", b"\xd0\xcf\x11\xe0")
_OTHER_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
_NESTED = (".zip", ".7z", ".rar", ".eml", ".msg")
_MOST_WORKBOOKS = 20
_MAIL_HEAD = re.compile(rb"^(?:[A-Za-z][\w-]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}")
_MAIL_SIGNS = re.compile(
    rb"^(?:from|received|mime-version|return-path|message-id):", re.IGNORECASE | re.MULTILINE
)
_ATTACHED = re.compile(r"__attach_version1\.0_#[0-9A-Fa-f]{8}$")


def is_other_archive(data: bytes) -> bool:
    """Whether the bytes are an archive that cannot be opened here: 7z, rar, gz."""
    return data.startswith(_OTHER_ARCHIVES)


def is_mail(data: bytes) -> bool:
    """Whether the bytes begin like a mail that was saved as a file."""
    head = data[:8192].lstrip()
    return bool(_MAIL_HEAD.match(head) and _MAIL_SIGNS.search(head))


def open_archive(archive: zipfile.ZipFile, open_inside: Open) -> Book:
    """The only workbook of a zip, or its CSV files as one. Raises Refusal, with the contents as detail."""
    members = []
    csv_count = 0
    for info in archive.infolist():
        name = member_name(info)
        if info.is_dir() or PurePosixPath(name).name.startswith((".", "~")) or "__MACOSX" in name:
            continue
        csv_count += name.lower().endswith(CSV_SUFFIXES)
        if info.flag_bits & 1:
            raise Refusal("refuse.encrypted", f"压缩包中的“{_base_name(name)}”")
        if _read_beginning(archive, info).startswith(_MAGIC) or name.lower().endswith(_NESTED):
            members.append((info, name))
    if members:
        if len(members) > _MOST_WORKBOOKS or sum(info.file_size for info, _ in members) > MAX_BYTES:
            raise Refusal("refuse.too_large")
        found = ((_base_name(name), _read_member(archive, info, name)) for info, name in members)
        return _open_only_workbook(found, open_inside)
    if csv_count:
        return open_csv_archive(archive)
    raise Refusal("refuse.archive", _list_contents(member_name(info) for info in archive.infolist()))


def open_mail(data: bytes, open_inside: Open) -> Book:
    """The one workbook that is attached to a mail. Raises Refusal."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    attached = []
    for part in message.walk():
        if part.is_multipart() or not part.get_filename():
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            attached.append((str(part.get_filename()), content))
    return _open_attachment(attached, open_inside)


def open_outlook_mail(data: bytes, open_inside: Open) -> Book | None:
    """The one workbook that is attached to an Outlook .msg; None when the bytes are another OLE2 document."""
    streams = _Streams(data)
    folders = [name for name in streams.names if _ATTACHED.fullmatch(name)]
    if not folders and not any(name.startswith("__substg1.0_") for name in streams.names):
        return None
    attached = []
    for folder in dict.fromkeys(folders):
        content = streams.read(f"{folder}/__substg1.0_37010102")
        names = (streams.read(f"{folder}/__substg1.0_{kind}001F") for kind in ("3707", "3704"))
        name = next((name for name in names if name), b"").decode("utf-16-le", "replace")
        if content:
            attached.append((name or "附件", content))
    return _open_attachment(attached, open_inside)


def is_password_protected(data: bytes) -> bool:
    """Whether an .xls asks for a password; xlrd reports that, where calamine reports damage."""
    from xlrd import open_workbook
    from xlrd.biffh import XLRDError

    try:
        open_workbook(file_contents=data, logfile=io.StringIO(), on_demand=True)
    except Exception as error:  # noqa: BLE001  xlrd raises anything on broken bytes
        return isinstance(error, XLRDError) and "encrypted" in str(error)
    return False


class _Streams:
    """The streams of an OLE2 document by path, as far as xlrd can tell."""

    def __init__(self, data: bytes) -> None:
        from xlrd.compdoc import CompDoc

        self._document: CompDoc | None = None
        self.names: list[str] = []
        try:
            self._document = CompDoc(data, logfile=io.StringIO())
            self.names = [entry.name for entry in self._document.dirlist]
        except Exception:  # noqa: BLE001  xlrd raises anything on broken bytes
            return

    def read(self, path: str) -> bytes | None:
        if self._document is None:
            return None
        try:
            found = self._document.get_named_stream(path)
        except Exception:  # noqa: BLE001
            return None
        return bytes(found) if found is not None else None


def _open_attachment(attached: list[tuple[str, bytes]], open_inside: Open) -> Book:
    workbooks = [
        (name, content)
        for name, content in attached
        if content.startswith(_MAGIC) or name.lower().endswith((".csv", *_NESTED))
    ]
    if not workbooks:
        raise Refusal("refuse.mail", _list_contents(name for name, _ in attached))
    return _open_only_workbook(workbooks, open_inside)


def _open_only_workbook(members: Iterable[tuple[str, bytes]], open_inside: Open) -> Book:
    """The one of ``members`` that can be opened. Raises Refusal."""
    books: list[tuple[str, bytes, Book]] = []
    refusals: list[Refusal] = []
    for name, content in members:
        try:
            books.append((name, content, open_inside(content, name)))
        except Refusal as refusal:
            refusals.append(Refusal(refusal.rule, f"其中的“{name}”", refusal.cause))
    if len(books) == 1:
        return books[0][2]
    if books:
        names = "、".join(f"“{name}”" for name, _, _ in books)
        members = [(name, content) for name, content, _ in books]
        raise Refusal(SEVERAL, f"{len(books)}个工作簿：{names}", members=members)
    # What is wrong with the only candidate, or with the first that is a workbook at all.
    raise next((r for r in refusals if r.rule != "refuse.not_a_workbook"), refusals[0])


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    if info.file_size > MAX_BYTES:
        raise Refusal("refuse.too_large", f"压缩包中的“{_base_name(name)}”")
    try:
        return archive.read(info)
    except UNREADABLE_MEMBER as error:
        raise Refusal("refuse.damaged", f"压缩包中的“{_base_name(name)}”", error) from error


def _read_beginning(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as member:
            return member.read(8)
    except (*UNREADABLE_MEMBER, KeyError, OSError) as error:
        raise Refusal("refuse.damaged", cause=error) from error


def _base_name(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _list_contents(names: Iterable[str]) -> str:
    shown = [_base_name(name) for name in names if not name.endswith("/")]
    return f"里面是{'、'.join(shown[:3])}{'等' if len(shown) > 3 else ''}" if shown else "里面没有文件"
