"""Commands about who is told what: contacts, matters, acknowledge, timeliness, doctor --send-test, deploy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.settings import find_installation
from tests.measure_rows import LANHE
from tests.message_servers import Mailbox, serve_mailbox
from tests.terminal import Terminal

CONTACTS = """\
- {id: east, name: 王某, role: clerk, units: ['990101'], mail: [east@example.cn], phone: 0543-1}
- {id: admin, name: 李某, role: administrator, mail: [admin@example.cn], channels: [mail, wecom]}
"""


@pytest.fixture
def nianbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    find_installation.cache_clear()
    return Terminal(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(LANHE, tmp_path / "catalogue"))
    (folder / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")
    monkeypatch.setenv("NIANBAO_CATALOGUE", str(folder))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return folder


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    with serve_mailbox() as (box, port):
        monkeypatch.setenv("NIANBAO_SMTP", f"smtp://127.0.0.1:{port}/?from=nianbao@example.org")
        yield box


def test_contacts_lists_everybody_with_channels_and_whether_these_lead_anywhere(
    nianbao: Terminal, catalogue: Path
) -> None:
    rows = json.loads(nianbao("contacts", "--json").out)
    assert [(row["联系人"], row["渠道"], row["地址"]) for row in rows] == [
        ("王某", "mail", "east@example.cn"),
        ("李某", "mail", "admin@example.cn"),
        ("李某", "wecom", "未设置"),
    ]


def test_a_mistake_in_contacts_is_told_with_its_line(nianbao: Terminal, catalogue: Path) -> None:
    (catalogue / "contacts.yaml").write_text("- {id: x, name: 甲, role: boss}\n", encoding="utf-8")
    said = nianbao("contacts")
    assert said.code == 2
    assert "contacts.yaml:1: “role”只能是" in said.err


def test_a_test_message_reaches_everybody_and_says_whom_it_does_not_reach(
    nianbao: Terminal, catalogue: Path, box: Mailbox
) -> None:
    said = nianbao("doctor", "--send-test")
    assert said.code == 1
    assert sorted(str(mail["To"]) for mail in box.messages) == ["admin@example.cn", "east@example.cn"]
    assert "已发出：王某（填报人） mail" in said.out
    assert "李某（市级管理员）的通知渠道“wecom”没有地址" in said.err.replace("\n", "")


def test_without_a_mail_server_the_setting_is_named(nianbao: Terminal, catalogue: Path) -> None:
    said = nianbao("doctor", "--send-test")
    assert said.code == 1
    assert "NIANBAO_SMTP" in said.err


def test_before_anything_was_received_there_are_no_matters(nianbao: Terminal, catalogue: Path) -> None:
    assert "还没有收到过报送" in nianbao("matters").err
    assert nianbao("acknowledge", "x").code == 2


def test_an_acknowledgement_needs_to_say_what_and_a_day_that_exists(
    nianbao: Terminal, catalogue: Path
) -> None:
    assert "应写作 2025-03-01" in nianbao("acknowledge", "x", "--until", "明天").err


def test_deploying_without_a_server_names_the_setting(nianbao: Terminal, catalogue: Path) -> None:
    said = nianbao("deploy")
    assert said.code == 2
    assert "PREFECT_API_URL" in said.err
