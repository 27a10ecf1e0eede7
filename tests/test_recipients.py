"""Who gets the digest: people by their channels, addresses without a name, a group once."""

from __future__ import annotations

import pytest

from flows.dispatch.secrets import list_secrets, name_block
from flows.telling.recipients import list_recipients
from warehouse.catalogue.contacts import Contacts, Person

ROBOT = "json://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _channels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("NIANBAO_CHANNEL_GROUP", ROBOT)


def person(name: str, *channels: str, **others: object) -> Person:
    return Person(
        id=name, name=name, role="administrator", mail=(f"{name}@example.cn",), channels=channels, **others
    )


def found(*people: Person, alerts: str = "") -> tuple[list[tuple[str, str]], list[str]]:
    listed, lost = list_recipients(Contacts({one.id: one for one in people}), alerts)
    return [(one.person, one.channel) for one in listed], lost


def test_a_person_without_channels_is_told_by_mail() -> None:
    assert found(person("li")) == ([("li", "mail")], [])


def test_two_people_who_share_a_group_are_told_there_once() -> None:
    assert found(person("li", "mail", "group"), person("wang", "group"))[0] == [
        ("li", "mail"),
        ("li", "group"),
    ]


def test_a_group_is_told_of_different_units_for_each_who_hears_of_them() -> None:
    listed, _ = found(person("li", "group"), person("wang", "group", units=("371602",)))
    assert listed == [("li", "group"), ("wang", "group")]


def test_an_address_of_the_alerts_that_is_also_somebodys_channel_is_told_once() -> None:
    listed, _ = found(person("li", "group"), alerts=ROBOT)
    assert [who for who, _ in listed] == ["alerts"]


def test_a_channel_without_an_address_is_told_by_the_name_of_its_variable() -> None:
    listed, [sentence] = found(person("li", "wecom"))
    assert listed == []
    assert "NIANBAO_CHANNEL_WECOM" in sentence


def test_secrets_of_the_environment_are_channels_and_passwords_alone() -> None:
    environment = {
        "NIANBAO_CHANNEL_WE_COM": "wecombot://x",
        "NIANBAO_SMTP_PASSWORD": "p",
        "NIANBAO_HOME": "/srv",
        "NIANBAO_CHANNEL_EMPTY": "",
        "PATH": "/bin",
    }
    assert dict(list_secrets(environment)) == {"channel_we_com": "wecombot://x", "smtp_password": "p"}
    assert name_block("channel_we_com") == "nianbao-channel-we-com"
