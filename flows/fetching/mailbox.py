"""Fetches the attachments of clerks' mails into the inbox, and files each mail in its mailbox by what became of it.

A mail may hold workbooks of its sender's unit alone: its attachments come into that unit's folder, where receiving
refuses any other unit's. Mails of others without attachments stay where they are, marked, and are not looked at again.
What a program answers to our answers is never taken in: the two would write to each other every night.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from imap_tools import BaseMailBox, ImapToolsError, MailBox, MailBoxUnencrypted

from flows.fetching.fetch_files import OCCUPIED, Errand
from flows.fetching.landing import land, open_landing
from flows.fetching.mail import Mail, read_mail
from flows.fetching.remote_folder import SET_ASIDE
from flows.fetching.sources import MailSource, require_file
from flows.receiving.mail_note import read_note, remove_when_empty, write_note
from flows.receiving.receive import explain_too_large
from transforms.reading.formats.book import MAX_BYTES
from warehouse.catalogue.contacts import Contacts

UNKNOWN_SENDERS = "未识别发件人"
WITHOUT_WORKBOOK = "没有附件"
BOUNCED = "退信"
REPLIES_OF_PROGRAMS = "自动回复"
MAX_MAILS = 1000
"""Mails of one night; the rest comes with the next."""
_SECONDS = 15  # for connecting, and for each answer
_LOOKED_AT = "nianbao-looked-at"
_NEW = f"UNDELETED UNKEYWORD {_LOOKED_AT}"
_MAX_MAIL_BYTES = MAX_BYTES * 3 // 2
"""What attachments of the most bytes become in a mail, which writes four bytes for three."""
_OF_THE_CONNECTION = (OSError, imaplib.IMAP4.error, ImapToolsError)


@contextmanager
def open_mailbox(source: MailSource) -> Iterator[BaseMailBox]:
    """The mailbox, logged in, with the source's folder open; errors are explained by flows.fetching.unreachable."""
    box: BaseMailBox
    if source.is_encrypted:
        require_file(source.ca, "证书文件（NIANBAO_IMAP_CA）")
        context = ssl.create_default_context(cafile=str(source.ca) if source.ca else None)
        box = MailBox(source.host, source.port, timeout=_SECONDS, ssl_context=context)
    else:
        box = MailBoxUnencrypted(source.host, source.port, timeout=_SECONDS)
    try:
        password = source.password.get_secret_value()
        login = box.login if (source.user + password).isascii() else box.login_utf8
        login(source.user, password, initial_folder=None)
        if "ID" in box.client.capabilities:  # 163.com lets nobody in who does not say what program it is
            box.client.xatom("ID", '("name" "nianbao")')
        box.folder.set(source.folder)
        yield box
        with suppress(*_OF_THE_CONNECTION):
            box.logout()
    finally:
        with suppress(OSError):
            box.client.shutdown()


def list_new(box: BaseMailBox) -> list[str]:
    """The mails of the folder that are not filed yet, oldest first."""
    return box.uids(_NEW)


def fetch_mails(source: MailSource, contacts: Contacts, known: set[str], errand: Errand) -> int:
    """Fetch the attachments of all new mails; how many files came. ``known``: ids of mails that were received before."""
    with open_mailbox(source) as box, open_landing(errand.inbox) as aside:
        uids = list_new(box)
        if len(uids) > MAX_MAILS:
            errand.left(f"超过 {MAX_MAILS} 封新邮件，其余留待下次收取。")
        clearing = _Clearing(box, contacts, known, aside, errand)
        return sum(clearing.take(uid) for uid in uids[:MAX_MAILS])


@dataclass(frozen=True)
class _Clearing:
    """The mails of a folder are taken one by one; what hinders one is told and does not hinder the others."""

    box: BaseMailBox
    contacts: Contacts
    known: set[str]
    aside: Path
    errand: Errand

    def take(self, uid: str) -> int:
        """Take in one mail and file it; how many files came of it."""
        try:
            size = _read_size(self.box, uid)
            if size > _MAX_MAIL_BYTES:
                self.errand.left(f"第 {uid} 号邮件：{explain_too_large(size, '原处')}")
                return 0
            message = next(iter(self.box.fetch(uid_list=[uid], mark_seen=False)), None)
            return 0 if message is None else self._sort(uid, read_mail(message))
        except _OF_THE_CONNECTION:
            raise
        except Exception:  # noqa: BLE001 - whatever a parser raises, it is this mail alone that fails
            self.errand.left(f"第 {uid} 号邮件无法解析，仍在原处，请人工查看。")
            return 0

    def _sort(self, uid: str, mail: Mail) -> int:
        """What becomes of a mail."""
        subject = f"邮件“{mail.note['subject']}”"
        clerk = self.contacts.find_sender(mail.sender) if mail.sender and not mail.is_forged else None
        if mail.is_bounce:
            self._file(uid, BOUNCED)
            self.errand.note(f"{subject}：{_explain_bounce(mail)}")
        elif not mail.has_attachments and (clerk is None or mail.is_reply_of_a_program):
            self.box.client.uid("STORE", uid, "+FLAGS", f"({_LOOKED_AT})")
        elif clerk is None:
            self._file(uid, UNKNOWN_SENDERS)
            self.errand.note(f"{subject}：{_explain_unknown(mail)}")
        elif mail.is_reply_of_a_program:
            self._file(uid, REPLIES_OF_PROGRAMS)
            self.errand.note(
                f"{subject}：{clerk.name}邮箱的自动回复，附件未收取，已移入“{REPLIES_OF_PROGRAMS}”。"
            )
        elif not mail.attachments:
            self._file(uid, WITHOUT_WORKBOOK)
            self.errand.note(
                f"{subject}：{clerk.name}发来的邮件没有可以收取的附件，已移入“{WITHOUT_WORKBOOK}”。请联系重发工作簿。"
            )
        else:
            return self._receive(uid, mail, self.errand.inbox / clerk.units[0] / mail.folder, subject)
        return 0

    def _receive(self, uid: str, mail: Mail, folder: Path, subject: str) -> int:
        """Put the attachments into ``folder`` of the inbox, unless a night that was cut off has done so."""
        count = 0
        message_id = mail.note["message_id"]
        there = read_note(folder)
        if message_id in self.known:
            self.errand.note(f"{subject}：此前已收取，未重复收取，已移入“{SET_ASIDE}”。")
        elif there is not None and there["message_id"] == message_id:
            remove_when_empty(folder)
        else:
            try:
                self._land(mail, folder)
            except FileExistsError:
                self.errand.left(f"{subject}：{OCCUPIED}")
                return 0
            count = len(mail.attachments)
        self.known.add(message_id)
        self._file(uid, SET_ASIDE)
        return count

    def _land(self, mail: Mail, folder: Path) -> None:
        """All attachments come together, with their note."""
        written = self.aside / folder.name
        written.mkdir()
        write_note(written, mail.note)
        for attachment in mail.attachments:
            (written / attachment.name).write_bytes(attachment.content)
        land(written, folder, self.errand.inbox)

    def _file(self, uid: str, folder: str) -> None:
        """Move a mail into a folder of its mailbox, which is made when it is missing."""
        if not self.box.folder.exists(folder):
            self.box.folder.create(folder)
        self.box.move(uid, folder)


def _explain_bounce(mail: Mail) -> str:
    whom = f"（{'、'.join(mail.bounced[:3])}）" if mail.bounced else ""
    return (
        f"有邮件被退回，没有送到收件人{whom}，已移入“{BOUNCED}”。"
        "请核对 contacts.yaml 中的邮箱，并用电话告知对方到发件文件夹取回执。"
    )


def _explain_unknown(mail: Mail) -> str:
    if mail.is_forged:
        return (
            f"自称来自 {mail.note['from']}，但未通过邮件服务器的发件核验（SPF/DMARC），可能是冒名，"
            f"附件未收取，已移入“{UNKNOWN_SENDERS}”。请电话核实。"
        )
    return (
        f"发件人 {mail.sender or '不明'} 不是登记的填报人，附件未收取，已移入“{UNKNOWN_SENDERS}”。"
        "属实的请将其邮箱写入 contacts.yaml，再把邮件移回原文件夹。"
    )


def _read_size(box: BaseMailBox, uid: str) -> int:
    """The bytes of a mail; 0 where the server does not say."""
    _, found = box.client.uid("FETCH", uid, "(RFC822.SIZE)")
    said = b" ".join(part for part in found if isinstance(part, bytes))
    size = re.search(rb"RFC822\.SIZE (\d+)", said)
    return int(size[1]) if size else 0
