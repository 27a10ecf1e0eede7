"""contacts.yaml: who reports, who is told; a mistake in it is answered with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from warehouse.catalogue.contacts import CONTACTS, Contacts, load_contacts
from warehouse.catalogue.load import DEFAULT_FOLDER, CatalogueError, load_catalogue

UNITS = {"371600", "371602", "371603"}
TWO = """\
- id: clerk
  name: 张某
  role: clerk
  units: ['371602']
  mail: [Clerk@Example.cn]
- id: boss
  name: 李某
  role: leader
"""


def read(folder: Path, text: str) -> Contacts:
    (folder / CONTACTS).write_text(text, encoding="utf-8")
    return load_contacts(folder, UNITS)


def test_the_delivered_catalogue_names_nobody() -> None:
    assert list(load_contacts(DEFAULT_FOLDER, UNITS)) == []


def test_a_catalogue_without_the_file_or_with_an_empty_one_tells_nobody(tmp_path: Path) -> None:
    assert list(load_contacts(tmp_path, UNITS)) == []
    assert list(read(tmp_path, "# later\n")) == []


def test_a_sender_is_found_whatever_the_case_of_the_address(tmp_path: Path) -> None:
    found = read(tmp_path, TWO).find_sender(" CLERK@example.cn")
    assert found is not None
    assert found.units == ("371602",)


def test_only_clerks_are_senders(tmp_path: Path) -> None:
    assert read(tmp_path, TWO + "  mail: [boss@example.cn]\n").find_sender("boss@example.cn") is None


def test_leaders_get_the_digest_only_when_they_ask(tmp_path: Path) -> None:
    assert not read(tmp_path, TWO).people["boss"].gets_digest
    assert read(tmp_path, TWO + "  wants_digest: true\n").people["boss"].gets_digest


def test_a_mute_ends_on_its_day(tmp_path: Path) -> None:
    boss = read(tmp_path, TWO + "  muted_until: 2026-12-01\n").people["boss"]
    assert boss.is_muted(date(2026, 11, 30))
    assert not boss.is_muted(date(2026, 12, 1))


def test_whom_one_tells_is_no_part_of_the_catalogues_version(tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "catalogue"))
    before = load_catalogue(folder).version
    (folder / CONTACTS).write_text(TWO, encoding="utf-8")
    assert load_catalogue(folder).version == before


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("units: ['371602']", "units: ['371602', '371603']", 1, "应负责一个单位"),
        ("units: ['371602']", "units: ['371699']", 4, "填报单位“371699”没有定义"),
        ("role: leader", "role: leader\n  channels: [mail]", 6, "没有写邮箱地址"),
        ("role: leader", "role: leader\n  mail: [clerk@example.cn]", 9, "一个地址只能属于一人"),
        ("role: leader", "role: leader\n  escalate_to: clerc", 9, "联系人“clerc”没有定义，是否应为“clerk”"),
        ("role: leader", "role: leader\n  escalate_to: boss", 6, "不能是本人"),
        ("role: leader", "role: leader\n  escalate_nights: 0", 6, "不小于1"),
        ("role: clerk", "role: clerk\n  escalate_to: boss", 1, "填报人“张某”不收日报"),
        ("role: leader", "role: leader\n  outbox: sftp://a:secret@host/out", 6, "不得写密码"),
        ("role: leader", "role: boss", 8, "只能是 clerk、administrator、leader、operator，填的是“boss”"),
        ("id: boss", "id: clerk", 6, "写了两次"),
        ("Clerk@Example.cn", "张某", 5, "邮箱地址“张某”写法不对"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in TWO
    with pytest.raises(CatalogueError, match=rf"{CONTACTS}:{line}: .*") as error:
        read(tmp_path, TWO.replace(old, new, 1))
    assert said in str(error.value)
    assert "secret" not in str(error.value)
