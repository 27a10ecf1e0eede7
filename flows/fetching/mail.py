"""A mail as clerks send it: who sent it, and the attachments that may be workbooks, under names that are safe here.

``From`` can be forged. The mail server must check (SPF, DKIM, DMARC) and say so in ``Authentication-Results``: a mail that
the receiving server found to fail SPF or DMARC is nobody's. Where the server checks nothing, a mail is believed.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from pathlib import PurePath

from imap_tools import MailMessage
from imap_tools.utils import parse_email_addresses

from flows.fetching.remote_folder import MAX_NAME_BYTES
from flows.receiving.inbox import is_ignored
from flows.receiving.mail_note import FOLDER_PREFIX, MailNote
from warehouse.words.personal_numbers import mask_numbers

USABLE = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".et", ".zip", ".rar", ".7z", ".csv")
"""What may be a workbook, or hold some; receiving says of each what is wrong with it."""
_CHINESE = {"gb2312", "gbk", "cp936", "gb_2312-80", "x-gbk"}
"""Charsets that are named when GB 18030 is written, which contains them."""
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\u2028\u2029<>:"|?*]+')
_NOT_SHOWN = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")
_FAILS = re.compile(r"(?<![\w-])(?:spf|dmarc)\s*=\s*(?:hard)?fail\b", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]*\)")
_LONGEST_SUBJECT = 200
_SERVERS = {"mailer-daemon", "postmaster"}
_ADDRESS = re.compile(r"[^@\s<>\",;:]{1,64}@[^@\s<>\",;:]{1,250}")


@dataclass(frozen=True)
class Attachment:
    """A file of a mail that may be a workbook; its name is safe below the inbox."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """A mail: ``sender`` is empty where nobody can say who sent it, ``day`` (YYYYMMDD) where it has no date.

    ``is_bounce``: a mail server says that it could not deliver one of ours, to ``bounced`` where it says so.
    ``is_reply_of_a_program``: an out-of-office note, say, which may carry what it answers (RFC 3834).
    """

    sender: str
    note: MailNote
    day: str
    attachments: tuple[Attachment, ...]
    has_attachments: bool
    is_forged: bool
    is_bounce: bool = False
    bounced: tuple[str, ...] = ()
    is_reply_of_a_program: bool = False

    @property
    def folder(self) -> str:
        """The name of its folder in the inbox, the same whenever it is fetched."""
        return f"{FOLDER_PREFIX}{self.day or '无日期'}_{hashlib.sha256(self.note['message_id'].encode()).hexdigest()[:8]}"


def read_mail(message: MailMessage) -> Mail:
    """The mail of a message from a mailbox. Raises whatever the libraries raise at what is no mail."""
    raw = bytes(message.obj)
    parts = list(message.obj.walk())
    for part in parts:
        _decode_raw_headers(part)
    senders = [] if len(message.obj.get_all("From", [])) != 1 else _list_senders(message)
    named = [(part, _read_name(part)) for part in parts if not part.is_multipart()]
    message_id = decode_words(str(message.obj.get("Message-ID", "")))
    has_date = message.date.year > 1900
    sender = senders[0] if len(senders) == 1 else ""
    note = {
        "from": sender,
        "message_id": message_id or f"sha256:{hashlib.sha256(raw).hexdigest()}",
        "subject": mask_numbers(decode_words(str(message.obj.get("Subject", ""))))[:_LONGEST_SUBJECT],
        "date": message.date.isoformat() if has_date else "",
    }
    return Mail(
        sender,
        note,
        f"{message.date:%Y%m%d}" if has_date else "",
        tuple(_name_apart([(name, part) for part, name in named if is_usable(name)])),
        any(name for part, name in named),
        _is_forged([str(value) for value in message.obj.get_all("Authentication-Results", [])]),
        _is_bounce(message.obj, sender),
        tuple(_list_bounced(parts)),
        str(message.obj.get("Auto-Submitted", "")).strip().lower().startswith("auto-replied"),
    )


def is_usable(name: str) -> bool:
    """Whether an attachment of this name may be a workbook; a spreadsheet program's lock file is none."""
    return name.lower().endswith(USABLE) and not PurePath(name.replace("\\", "/")).name.startswith("~$")


def make_safe(name: str) -> str:
    """A name from a mail as the name of a file here: without folders, controls or a leading dot, and short enough."""
    last = _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip().lstrip(". ")
    suffix = PurePath(last).suffix if not last.lower().endswith(USABLE) else f".{last.rsplit('.', 1)[-1]}"
    stem = last.removesuffix(suffix)
    if f".{last}".lower() in USABLE:
        stem, suffix = "", f".{last}"
    room = MAX_NAME_BYTES - len(suffix.encode()) - len("_999")
    stem = stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore").strip() or "附件"
    return f"附件{stem}{suffix}" if is_ignored(f"{stem}{suffix}") else f"{stem}{suffix}"


def decode_words(text: str) -> str:
    """A header as people read it (RFC 2047), on one line."""
    decoded = [
        raw.decode(_find_codec(charset), "replace") if isinstance(raw, bytes) else raw
        for raw, charset in decode_header(text)
    ]
    return _NOT_SHOWN.sub(" ", "".join(decoded)).strip()


def _find_codec(charset: str | None) -> str:
    """Python's name of a charset; of one that is unknown or not named, UTF-8."""
    if (charset or "").lower() in _CHINESE:
        return "gb18030"
    try:
        "".encode(charset or "utf-8")
    except LookupError:
        return "utf-8"
    return charset or "utf-8"


def _decode_raw_headers(part: Message) -> None:
    """Replace headers that hold bytes, as some programs write Chinese, by their text: UTF-8, else GB 18030."""
    items = list(part.raw_items())
    if all(str(value).isascii() for _, value in items):
        return
    for name, _ in items:
        del part[name]
    for name, value in items:
        raw = str(value).encode("utf-8", "surrogateescape")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("gb18030", "replace")
        part.set_raw(name, text)


def _list_senders(message: MailMessage) -> list[str]:
    return [found.email.lower() for found in parse_email_addresses(str(message.obj.get("From", "")))]


def _read_name(part: Message) -> str:
    """What an attachment is called: RFC 2231, RFC 2047 within quotes, or plain; empty for the text of a mail."""
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        found = part.get_param(parameter, header=header)
        if isinstance(found, tuple):
            charset, _, value = found
            return value.encode("latin-1", "replace").decode(_find_codec(charset), "replace")
        if found:
            return decode_words(str(found))
    if part.get_content_disposition() == "attachment" or part.get_content_maintype() == "application":
        return f"附件{mimetypes.guess_extension(part.get_content_type()) or ''}"
    return ""


def _name_apart(found: list[tuple[str, Message]]) -> list[Attachment]:
    """The attachments under names of which no two are the same."""
    named: dict[str, bytes] = {}
    for name, part in found:
        safe = make_safe(name)
        number = 2
        while safe in named:
            path = PurePath(make_safe(name))
            safe, number = f"{path.stem}_{number}{path.suffix}", number + 1
        content = part.get_payload(decode=True)
        named[safe] = content if isinstance(content, bytes) else b""
    return [Attachment(name, content) for name, content in named.items()]


def _is_bounce(message: Message, sender: str) -> bool:
    """Whether it is a report on delivery (RFC 3464), or comes from a server's own address."""
    is_report = message.get_content_type() == "multipart/report"
    is_of_delivery = is_report and str(message.get_param("report-type", "")).lower() == "delivery-status"
    return is_of_delivery or sender.partition("@")[0] in _SERVERS


def _list_bounced(parts: list[Message]) -> Iterator[str]:
    """The addresses that a report on delivery names."""
    for part in parts:
        address = str(part.get("Final-Recipient", "")).rpartition(";")[2].strip()
        if _ADDRESS.fullmatch(address):
            yield address.lower()


def _is_forged(results: list[str]) -> bool:
    """Whether the receiving server, whose results stand above all others', found that SPF or DMARC fails."""
    server = results[0].partition(";")[0].strip() if results else ""
    own = [text for text in results if text.partition(";")[0].strip() == server]
    return any(_FAILS.search(_COMMENT.sub("", text)) for text in own)
