"""Who hears what of a night: the clerk an answer, the administrator one digest, nobody the same thing twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from flows.clock import TIME_ZONE
from flows.receiving.mail_note import FOLDER_PREFIX, write_note
from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples, new_installation, night
from tests.message_servers import Mailbox, free_port, plain, serve_hook, serve_mailbox

EAST, WEST = "990101", "990102"
CONTACTS = """\
- {id: east, name: 王某, role: clerk, units: ['990101'], mail: [east@example.cn], outbox: 'file://OUT'}
- {id: west, name: 赵某, role: clerk, units: ['990102'], mail: [west@example.cn]}
- {id: admin, name: 李某, role: administrator, mail: [admin@example.cn], channels: [mail, group]}
- {id: half, name: 周某, role: administrator, units: ['990102'], mail: [half@example.cn]}
- {id: leader, name: 陈某, role: leader, mail: [leader@example.cn]}
"""


class City:
    """An installation with people, a mail server and a group chat."""

    def __init__(self, place: Installation, box: Mailbox, posted: list[dict[str, Any]]) -> None:
        self.place, self.box, self.posted = place, box, posted

    def night(self) -> None:
        self.box.messages.clear()
        self.posted.clear()
        night(self.place)

    def mails_to(self, name: str) -> list[EmailMessage]:
        return [m for m in self.box.messages if m["To"] == f"{name}@example.cn"]

    def send(self, unit: str, path: Path) -> None:
        folder = self.place.home.inbox / unit
        folder.mkdir(parents=True, exist_ok=True)
        (folder / path.name).write_bytes(path.read_bytes())

    def mail(self, unit: str, path: Path, number: int) -> None:
        """A clerk's mail with a workbook, as fetching leaves it in the inbox."""
        name = {EAST: "east", WEST: "west"}[unit]
        folder = self.place.home.inbox / unit / f"{FOLDER_PREFIX}{number}"
        folder.mkdir(parents=True)
        (folder / path.name).write_bytes(path.read_bytes())
        note = {"message_id": f"<{number}@example.cn>", "subject": f"第{number}封", "date": ""}
        write_note(folder, {"from": f"{name}@example.cn", **note})


@pytest.fixture
def city(tmp_path: Path, samples: Samples, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    catalogue = Path(shutil.copytree(LANHE, tmp_path / "catalogue"))
    out = tmp_path / "elsewhere"
    (catalogue / "contacts.yaml").write_text(CONTACTS.replace("OUT", str(out)), encoding="utf-8")
    with serve_mailbox() as (box, port), serve_hook() as (posted, address):
        monkeypatch.setenv("NIANBAO_CHANNEL_GROUP", address)
        made = new_installation(tmp_path / "home", samples, [], catalogue=LANHE)
        settings = made.settings.model_copy(
            update={
                "catalogue": catalogue,
                "smtp": f"smtp://127.0.0.1:{port}/?from=nianbao@example.org",
                "retry_seconds": (),
            }
        )
        yield City(Installation(settings), box, posted)


def workbook(samples: Samples, unit: str, *, is_bad: bool, out: Path) -> Path:
    [path] = [p for p in samples([2024], LANHE, [unit]).rglob("*.xlsx") if unit in str(p)]
    book = ClerkWorkbook(path)
    if is_bad:
        book.cell("兰2表", "走访户次").value = "约三十"
    out.mkdir(parents=True, exist_ok=True)
    book.save(out / f"{unit}_2024.xlsx")
    return out / f"{unit}_2024.xlsx"


def test_a_bad_workbook_is_answered_by_mail_once_and_its_mending_is_told_once(
    city: City, samples: Samples, tmp_path: Path
) -> None:
    city.send(EAST, workbook(samples, EAST, is_bad=True, out=tmp_path / "bad"))
    city.send(WEST, workbook(samples, WEST, is_bad=False, out=tmp_path / "good"))
    city.night()
    # The clerk: the receipt as the text, the correction workbook attached under its Chinese name.
    [answer] = city.mails_to("east")
    assert "暂存" in answer["Subject"]
    assert "约三十" in plain(answer)
    [attached] = answer.iter_attachments()
    assert str(attached.get_filename()).startswith("更正表_2024_")
    assert str(attached.get_filename()).endswith(".xlsx")
    assert {p.suffix for p in (tmp_path / "elsewhere").iterdir()} == {".md", ".xlsx"}
    [other] = city.mails_to("west")
    assert list(other.iter_attachments()) == []
    # The administrator: one digest, with what is wrong and what to do; whoever has other units hears of these.
    [digest] = city.mails_to("admin")
    assert "东岸县" in plain(digest)
    assert "约三十" in plain(digest)
    assert city.mails_to("leader") == []
    assert all("约三十" not in plain(m) for m in city.mails_to("half"))
    # The group chat: the same matter without a number or text of the unit's.
    [chat] = city.posted
    assert "东岸县" in chat["message"]
    assert "约三十" not in chat["message"]

    city.night()
    assert city.box.messages == []
    assert city.posted == []

    city.send(EAST, workbook(samples, EAST, is_bad=False, out=tmp_path / "mended"))
    city.night()
    [answer] = city.mails_to("east")
    assert "已接收" in answer["Subject"]
    [digest] = city.mails_to("admin")
    assert "已解决" in plain(digest)
    assert "新增" not in plain(digest)

    city.night()
    assert city.box.messages == []


def test_what_a_mail_server_does_not_take_is_sent_the_next_night_and_told_by_another_channel(
    city: City, samples: Samples, tmp_path: Path
) -> None:
    city.send(EAST, workbook(samples, EAST, is_bad=True, out=tmp_path / "bad"))
    city.box.is_full = True
    city.night()
    assert city.box.messages == []
    told = [p["message"] for p in city.posted]
    assert any("未能送达" in p["title"] or "未能送达" in p["message"] for p in city.posted)
    assert any("给东岸县的答复" in text for text in told)
    assert list((city.place.home.told / "undelivered").iterdir())
    city.box.is_full = False
    city.night()
    assert len(city.mails_to("east")) == 1
    assert len(city.mails_to("admin")) == 1
    assert not list((city.place.home.told / "undelivered").iterdir())
    city.night()
    assert city.box.messages == []


def test_a_mail_with_a_workbook_that_was_received_before_is_answered_too(
    city: City, samples: Samples, tmp_path: Path
) -> None:
    path = workbook(samples, EAST, is_bad=False, out=tmp_path / "good")
    city.mail(EAST, path, 1)
    city.mail(EAST, path, 2)
    city.night()
    assert {m["In-Reply-To"]: "未重复入库" in plain(m) for m in city.mails_to("east")} == {
        "<1@example.cn>": False,
        "<2@example.cn>": True,
    }
    city.mail(EAST, path, 3)
    city.night()
    [answer] = city.mails_to("east")
    assert answer["Subject"] == "回复：第3封"
    city.night()
    assert city.mails_to("east") == []


def test_contacts_that_cannot_be_read_are_told_to_the_alerts_and_cost_nobody_an_answer(
    city: City, samples: Samples, tmp_path: Path
) -> None:
    path = city.place.settings.catalogue / "contacts.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("clerk", "clark", 1), encoding="utf-8")
    settings = city.place.settings
    with serve_hook() as (posted, address):
        city.place = Installation(settings.model_copy(update={"alerts": address}))
        city.send(WEST, workbook(samples, WEST, is_bad=False, out=tmp_path / "good"))
        city.night()
        assert f"{path}:1" in "".join(p["message"] for p in posted)
    assert city.place.home.database.exists()
    assert city.box.messages == []
    path.write_text(text, encoding="utf-8")
    city.place = Installation(settings)
    city.night()
    assert len(city.mails_to("west")) == 1
    city.night()
    assert city.mails_to("west") == []


def test_a_channel_without_an_address_is_told(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NIANBAO_CHANNEL_GROUP")
    city.night()
    [digest] = city.mails_to("admin")
    assert "NIANBAO_CHANNEL_GROUP" in plain(digest)


def test_nobody_is_written_to_before_the_end_of_a_mute(city: City, samples: Samples, tmp_path: Path) -> None:
    tomorrow = datetime.now(TIME_ZONE).date() + timedelta(days=1)
    path = city.place.settings.catalogue / "contacts.yaml"
    text = path.read_text(encoding="utf-8")
    muted = text.replace("channels: [mail, group]", f"channels: [mail, group], muted_until: {tomorrow}")
    path.write_text(muted, encoding="utf-8")
    city.send(EAST, workbook(samples, EAST, is_bad=True, out=tmp_path / "bad"))
    city.night()
    assert city.mails_to("admin") == []
    assert city.posted == []
    path.write_text(text, encoding="utf-8")
    city.place = Installation(city.place.settings)
    city.night()
    [digest] = city.mails_to("admin")
    assert "约三十" in plain(digest)


def test_a_mail_server_that_is_not_there_costs_the_night_nothing(
    city: City, samples: Samples, tmp_path: Path
) -> None:
    settings = city.place.settings.model_copy(
        update={"smtp": f"smtp://127.0.0.1:{free_port()}/?from=a@example.org"}
    )
    city.place = Installation(settings)
    city.send(WEST, workbook(samples, WEST, is_bad=False, out=tmp_path / "good"))
    city.night()
    assert city.place.home.database.exists()
    assert any("连接不上发信服务器" in p["message"] for p in city.posted)
