"""A mail's sender, and its attachments under names that are safe, however its program wrote them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imap_tools import MailMessage

from flows.fetching.mail import Mail, is_usable, make_safe, read_mail
from flows.fetching.remote_folder import is_safe_name
from flows.receiving.inbox import is_ignored
from tests.written_mails import write_mail, write_raw_mail

EAST = "east@example.cn"


def read(raw: bytes) -> Mail:
    return read_mail(MailMessage.from_bytes(raw))


def names(raw: bytes) -> list[str]:
    return [attachment.name for attachment in read(raw).attachments]


def word(text: str, charset: str) -> bytes:
    """An encoded word, RFC 2047."""
    return f"=?{charset}?B?".encode() + base64.b64encode(text.encode("gb18030")) + b"?="


WRITTEN = {
    "RFC 2047 in quotes, GBK": b'attachment; filename="' + word("年报表.xlsx", "GBK") + b'"',
    "RFC 2047, said to be GB 2312": b'attachment; filename="' + word("朱镕基镇.xlsx", "gb2312") + b'"',
    "RFC 2047 in two words": b'attachment; filename="'
    + word("东岸县", "gb18030")
    + b"\r\n "
    + word("报表.xlsx", "gb18030")
    + b'"',
    "RFC 2231, UTF-8": b"attachment; filename*=UTF-8''%E5%B9%B4%E6%8A%A5.xlsx",
    "RFC 2231, GBK": b"attachment; filename*=gbk''%C4%EA%B1%A8.xlsx",
    "RFC 2231, continued": b"attachment; filename*0*=UTF-8''%E5%B9%B4;\r\n filename*1*=%E6%8A%A5.xlsx",
    "bytes in GBK": b'attachment; filename="' + "年报.xlsx".encode("gbk") + b'"',
    "bytes in UTF-8": b'attachment; filename="' + "年报.xlsx".encode() + b'"',
    "inline": b'inline; filename="nianbao.xlsx"',
}
MEANT = ["年报表.xlsx", "朱镕基镇.xlsx", "东岸县报表.xlsx", *["年报.xlsx"] * 5, "nianbao.xlsx"]


@pytest.mark.parametrize(
    ("written", "meant"), list(zip(WRITTEN.values(), MEANT, strict=True)), ids=list(WRITTEN)
)
def test_an_attachment_has_the_name_that_was_meant_however_it_is_written(written: bytes, meant: str):
    assert names(write_raw_mail(written)) == [meant]


def test_the_bytes_of_an_attachment_are_those_that_were_sent():
    content = bytes(range(256))
    [found] = read(write_mail(EAST, {"年报.xlsx": content})).attachments
    assert found.content == content


def test_pictures_and_lock_files_are_no_workbooks_but_attachments():
    mail = read(write_mail(EAST, {"签名.png": b"x", "~$年报.xlsx": b"x"}))
    assert mail.attachments == ()
    assert mail.has_attachments


def test_a_mail_of_words_has_no_attachments():
    assert not read(write_mail(EAST)).has_attachments


def test_two_attachments_of_one_name_are_both_kept():
    raw = write_raw_mail(b'attachment; filename="a.xlsx"', b"one")
    part = raw[raw.index(b"--x\r\nContent-Type: application") : raw.index(b"--x--")]
    raw = raw.replace(b"--x--", part.replace(b"one", b"two") + b"--x--")
    found = read(raw).attachments
    assert [(a.name, a.content) for a in found] == [("a.xlsx", b"one"), ("a_2.xlsx", b"two")]


def test_the_note_says_who_wrote_what_and_when():
    assert read(write_mail(f"东岸县 <{EAST.upper()}>", subject="东岸县年报")).note == {
        "from": EAST,
        "message_id": "<1@example.cn>",
        "subject": "东岸县年报",
        "date": "2025-01-08T09:30:00+08:00",
    }


def test_a_mail_without_an_id_has_one_of_its_bytes():
    first, second = (read(write_mail(EAST, {"a.xlsx": text}, message_id="")) for text in (b"1", b"2"))
    assert first.note["message_id"].startswith("sha256:")
    assert first.folder != second.folder


def test_a_mail_of_two_senders_is_nobodys():
    assert read(write_mail(f"{EAST}, west@example.cn")).sender == ""
    assert (
        read(write_raw_mail(b"inline", head=b"From: west@example.cn\r\nFrom: east@example.cn")).sender == ""
    )


@pytest.mark.parametrize(
    "result", ["spf=fail smtp.mailfrom=x", "dkim=pass; dmarc=fail (p=none)", "SPF = hardfail"]
)
def test_what_the_receiving_server_found_to_fail_is_forged(result: str):
    assert read(write_mail(EAST, Authentication_Results=f"mx.example.cn; {result}")).is_forged


@pytest.mark.parametrize(
    "result", ["spf=pass; dmarc=pass", "spf=softfail", "spf=pass (was spf=fail elsewhere)", "none"]
)
def test_what_it_did_not_find_to_fail_is_believed(result: str):
    assert not read(write_mail(EAST, Authentication_Results=f"mx.example.cn; {result}")).is_forged


def test_what_another_server_found_is_not_looked_at():
    raw = write_mail(EAST, Authentication_Results="mx.example.cn; spf=pass")
    at = raw.index(b"From:")
    assert not read(raw[:at] + b"Authentication-Results: else.example; spf=fail\r\n" + raw[at:]).is_forged


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/年报.xlsx", "年报.xlsx"),
        ("C:\\表\\年报.xlsx", "年报.xlsx"),
        (".xlsx", "附件.xlsx"),
        ("..隐藏.xlsx", "隐藏.xlsx"),
        ("a\0b\n.xlsx", "a_b_.xlsx"),
        ("2024:年报?.xlsx", "2024_年报_.xlsx"),
        ("年报.XLSX", "年报.XLSX"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str):
    assert make_safe(name) == safe


def test_a_long_name_is_cut_before_its_suffix():
    safe = make_safe("长" * 300 + ".xlsx")
    assert safe.endswith("长.xlsx")
    assert is_safe_name(safe)


@given(st.text(max_size=300).map(lambda text: f"{text}.xlsx"))
def test_whatever_a_usable_attachment_is_called_its_name_here_is_received(name: str):
    safe = make_safe(name)
    assert is_safe_name(safe)
    assert not is_ignored(safe)
    assert is_usable(safe)
