"""Who is told what at the end of a night: their units, what others left undone, nothing while they are muted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.clock import TIME_ZONE
from flows.telling.delivery import Notice, Office, write_notices
from flows.telling.letters import (
    Answer,
    Envelope,
    keep_answers,
    list_answers,
    list_due_answers,
    note_sent,
    put_together,
)
from flows.telling.matters import MATTER
from flows.telling.recipients import list_recipients
from flows.telling.told import keep_told, read_told
from tests.test_messages import frame, matter
from warehouse.catalogue.contacts import Contacts, Person
from warehouse.catalogue.frames import empty

AT = datetime(2026, 12, 1, 2, 0, tzinfo=TIME_ZONE)
NIGHT = timedelta(days=1)


def person(name: str, role: str = "administrator", **others: Any) -> Person:
    return Person(id=name, name=name, role=role, mail=(f"{name}@example.cn",), **others)


def notices(folder: Path, matters: pl.DataFrame, *people: Person, at: datetime = AT) -> dict[str, Notice]:
    """The messages of a night, each taken at once."""
    contacts = Contacts({one.id: one for one in people})
    recipients, _ = list_recipients(contacts, "")
    office = Office(folder, folder / "outbox", "某协会", at)
    found = {}
    for notice in write_notices(recipients, contacts, matters, (), {}, office):
        keep_told(folder, notice.recipient.person, notice.recipient.channel, notice.then)
        found[notice.recipient.person] = notice
    return found


def test_everybody_hears_of_their_own_units(tmp_path: Path) -> None:
    both = frame(matter(1, unit_code="371602", who="滨城区"), matter(2, unit_code="371603", who="沾化区"))
    found = notices(tmp_path, both, person("all"), person("one", units=("371602",)))
    assert "沾化区" in found["all"].message.text
    assert "滨城区" in found["one"].message.text
    assert "沾化区" not in found["one"].message.text


def test_what_went_to_a_colleague_is_not_told_as_settled(tmp_path: Path) -> None:
    both = frame(matter(1, unit_code="371602", who="滨城区"), matter(2, unit_code="371603", who="沾化区"))
    notices(tmp_path, both, person("li"))
    assert notices(tmp_path, both, person("li", units=("371602",)), at=AT + NIGHT) == {}


def test_what_was_passed_on_is_settled_with_the_matter_and_not_by_another_person_to_pass_on_to(
    tmp_path: Path,
) -> None:
    boss = person("boss", "leader")
    people = (person("li", escalate_to="boss", escalate_nights=1), boss)
    for number in range(2):
        found = notices(tmp_path, frame(matter()), *people, at=AT + number * NIGHT)
    assert "boss" in found
    passes_later = (person("li", escalate_to="boss", escalate_nights=9), boss)
    assert notices(tmp_path, frame(matter()), *passes_later, at=AT + 2 * NIGHT) == {}
    settled = notices(tmp_path, empty(MATTER), *passes_later, at=AT + 3 * NIGHT)
    assert "已解决" in settled["boss"].message.text


def test_what_concerns_no_unit_is_told_to_all(tmp_path: Path) -> None:
    nobodys = frame(matter(1, unit_code=None, who="收件箱"))
    assert set(notices(tmp_path, nobodys, person("all"), person("one", units=("371602",)))) == {"all", "one"}


def test_what_is_left_undone_is_passed_on_once_after_so_many_nights(tmp_path: Path) -> None:
    people = (
        person("li", escalate_to="boss", escalate_nights=3),
        person("boss", "leader", wants_digest=True, units=("371699",)),
    )
    told_on = [
        number
        for number in range(6)
        if "boss" in notices(tmp_path, frame(matter()), *people, at=AT + number * NIGHT)
    ]
    assert told_on == [3]


def test_who_gets_no_digest_is_told_what_is_passed_on_and_nothing_else(tmp_path: Path) -> None:
    people = (person("li", escalate_to="boss", escalate_nights=3), person("boss", "leader"))
    told_on = []
    for number in range(30):
        open_now = frame(matter()) if number < 6 else empty(MATTER)
        if notice := notices(tmp_path, open_now, *people, at=AT + number * NIGHT).get("boss"):
            told_on.append((number, "已解决" in notice.message.text))
    assert told_on == [(3, False), (6, True)]


@pytest.mark.parametrize("wants_digest", [True, False])
def test_what_is_passed_on_reaches_who_shares_a_group_with_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wants_digest: bool
) -> None:
    monkeypatch.setenv("NIANBAO_CHANNEL_GROUP", "json://127.0.0.1:1")
    people = (
        person("li", channels=("group",), escalate_to="boss", escalate_nights=3),
        person("boss", "leader", channels=("group",), wants_digest=wants_digest),
    )
    texts = [
        "".join(
            n.message.text
            for n in notices(tmp_path, frame(matter()), *people, at=AT + number * NIGHT).values()
        )
        for number in range(4)
    ]
    assert "久未处理" not in "".join(texts[:3])
    assert "久未处理" in texts[3]


def test_a_group_is_muted_when_everybody_in_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIANBAO_CHANNEL_GROUP", "json://127.0.0.1:1")
    away = {"channels": ("group",), "muted_until": AT.date() + NIGHT}
    assert notices(tmp_path, frame(matter()), person("li", **away), person("wang", **away)) == {}
    assert notices(tmp_path, frame(matter()), person("li", **away), person("wang", channels=("group",)))


def test_who_is_muted_hears_nothing_and_afterwards_all_of_it(tmp_path: Path) -> None:
    muted = person("li", muted_until=AT.date() + NIGHT)
    assert notices(tmp_path, frame(matter()), muted) == {}
    assert read_told(tmp_path, "li", "mail") is None
    assert set(notices(tmp_path, frame(matter()), muted, at=AT + NIGHT)) == {"li"}


def test_a_week_after_the_first_night_it_is_said_that_all_is_well(tmp_path: Path) -> None:
    told_on = [
        number
        for number in range(10)
        if notices(tmp_path, empty(MATTER), person("li"), at=AT + number * NIGHT)
    ]
    assert told_on == [7]


@pytest.fixture
def answer() -> Answer:
    return Answer("k1", "沾化区", "a@example.cn", "年报", ("371603沾化区/回执.md",), "<1@example.cn>")


def test_an_answer_waits_until_it_is_sent_and_is_never_sent_again(tmp_path: Path, answer: Answer) -> None:
    keep_answers(tmp_path, [answer])
    assert list(list_answers(tmp_path)) == [answer]
    note_sent(tmp_path, answer)
    keep_answers(tmp_path, [answer])  # the night that wrote it is repeated
    assert list(list_answers(tmp_path)) == []


def test_an_answer_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path, answer: Answer) -> None:
    keep_answers(tmp_path, [answer])
    (tmp_path / "letters" / "a.json").write_text("{", encoding="utf-8")
    assert list(list_answers(tmp_path)) == [answer]


def test_an_answer_goes_to_a_mail_address_or_into_an_outbox(answer: Answer) -> None:
    assert answer.is_mail
    assert not replace(answer, to="sftp://host/out").is_mail


def due(folder: Path, *people: Person, at: datetime = AT) -> list[tuple[str, str]]:
    """Key and address of the answers that may go out on a day."""
    contacts = Contacts({one.id: one for one in people})
    return [(one.key, one.to) for one in list_due_answers(folder, contacts, at.date())]


def clerk(mail: str, **others: Any) -> Person:
    return Person(id="wang", name="王某", role="clerk", units=("371603",), mail=(mail,), **others)


def test_answers_go_in_the_order_in_which_they_were_written(tmp_path: Path, answer: Answer) -> None:
    for key in ("b", "c", "a"):
        keep_answers(tmp_path, [replace(answer, key=key)])
    assert [key for key, _ in due(tmp_path)] == ["b", "c", "a"]


def test_an_answer_that_waits_goes_to_the_address_as_it_was_mended(tmp_path: Path, answer: Answer) -> None:
    keep_answers(tmp_path, [replace(answer, unit="371603")])
    assert due(tmp_path, clerk("b@example.cn")) == [("k1", "b@example.cn")]
    assert due(tmp_path, clerk("a@example.cn")) == [("k1", "a@example.cn")]
    assert due(tmp_path) == [("k1", "a@example.cn")]  # nobody reports for the unit any more


def test_what_a_muted_clerk_did_not_ask_for_waits_until_the_mute_ends(tmp_path: Path, answer: Answer) -> None:
    keep_answers(tmp_path, [answer, replace(answer, key="k2", answers="")])
    muted = clerk("a@example.cn", muted_until=AT.date() + NIGHT)
    assert [key for key, _ in due(tmp_path, muted)] == ["k1"]
    assert {key for key, _ in due(tmp_path, muted, at=AT + NIGHT)} == {"k1", "k2"}


def test_answers_to_one_address_go_together_unless_they_answer_a_mail_or_lie_in_an_outbox(
    answer: Answer,
) -> None:
    plain = replace(answer, answers="")
    replies = [answer, replace(answer, key="k2")]
    boxes = [replace(plain, key=f"o{n}", to="sftp://host/out") for n in (1, 2)]
    mails = [replace(plain, key=f"m{n}") for n in range(11)]
    found = [[one.key for one in envelope.answers] for envelope in put_together([*replies, *boxes, *mails])]
    assert found == [["k1"], ["k2"], ["o1"], ["o2"], [f"m{n}" for n in range(10)], ["m10"]]


def test_one_answer_keeps_its_subject_and_several_are_counted(answer: Answer) -> None:
    assert Envelope((answer,)).subject == "年报"
    both = Envelope((answer, replace(answer, key="k2", unit_name="滨城区")))
    assert both.subject == "沾化区、滨城区计生协年报：2份回执"


def test_what_happened_in_a_night_whose_message_was_not_taken_is_told_with_its_day(tmp_path: Path) -> None:
    nobody, office = empty(MATTER), Office(tmp_path, tmp_path / "outbox", "某协会", AT)
    contacts = Contacts({"li": person("li")})
    recipients, _ = list_recipients(contacts, "")
    for night, events in enumerate((("收到两个文件。",), ("数据仓库已重建。",), ())):
        office = replace(office, at=AT + night * NIGHT)
        notice = next(iter(write_notices(recipients, contacts, nobody, events, {}, office)), None)
        assert notice is not None
        keep_told(tmp_path, "li", "mail", notice.otherwise)
    assert "2026年12月1日：收到两个文件。" in notice.message.text
    assert "2026年12月2日：数据仓库已重建。" in notice.message.text
    keep_told(tmp_path, "li", "mail", notice.then)
    assert list(write_notices(recipients, contacts, nobody, (), {}, office)) == []
