"""Files nobody can use: each is kept, answered in Chinese and recorded, and disturbs nothing else of its night."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from flows.answer.outgoing import Report
from flows.settings import Installation
from tests.integration import bad_files
from tests.integration.conftest import LANHE, NewInstallation, Samples, new_installation, night
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Event, Journal
from warehouse.store.query import query

HONEST, MACROS, NUMBER, TWICE, MISSPELT = "371622", "371621", "371623", "371603", "371625"

REFUSED = {
    "空.xlsx": ("refuse.empty", "该文件是空的"),
    "文字.xlsx": (None, "没有一张可以识别的报表|不是 Excel 工作簿"),
    "阳信县.et": ("refuse.wps_et", "另存为“Excel 工作簿（.xlsx）”"),
    "加密.xlsx": ("refuse.encrypted", "设有打开密码.*请取消打开密码"),
    "远角.xlsx": ("refuse.too_large", "一直延伸到第 1048576 行、XFD 列"),
    "空格.xlsx": (None, "请"),
    "长字.xlsx": ("refuse.too_large", "请"),
    "部件.xlsx": ("refuse.too_many_entries", "部件过多"),
    "半截.xlsx": ("refuse.damaged", "已损坏"),
    "外县.xlsx": ("refuse.unknown_unit", "“石头县”"),
    "未来.xlsx": ("refuse.year_out_of_range", "报告年度是2031"),
    "走错门.xlsx": ("refuse.wrong_folder", "工作簿是阳信县的，文件夹是惠民县的"),
    "通讯录.xlsx": ("refuse.no_sheet", "没有一张可以识别的报表"),
    "乱码.xlsx": (None, "请"),
}
"""File name -> the rule of the refusal (None: any) and what its sentence must say."""

WHAT_IT_IS = [
    "empty", "text renamed", "WPS table", "encrypted", "far corners", "512 MiB of spaces", "512 MiB in a cell",
    "10001 parts", "cut off", "unknown unit", "year to come", "wrong folder", "address book", "noise",
]  # fmt: skip

HELD = {
    "数字.xlsx": ("conform.unreadable_number", "三百左右"),
    "重复.xlsx": ("conform.duplicate_unit", "两行以上"),
    "错字.xlsx": ("conform.unknown_unit", "是否"),
}

_FOREIGN = re.compile(r"[A-Za-z]{3,}")
_KNOWN = re.compile(r"Excel|WPS|CSV|KiB|MiB|GiB|XFD\d*|\.?(xlsx|xlsm|xls|csv|et|ods)\b")


@dataclass(frozen=True)
class BadNight:
    """The night that received all of them, with two honest workbooks among them."""

    place: Installation
    report: Report
    names: dict[str, str]  # file name -> sha256
    misspelt: tuple[str, str]

    def submission(self, name: str) -> dict[str, object]:
        found = query(
            self.place.home.database, "FROM quality.submission WHERE submission = ?", [self.names[name]]
        )
        assert found.height == 1, name
        return found.row(0, named=True)

    def receipt(self, name: str) -> str:
        [path] = self.place.home.outbox.rglob(f"*_{self.names[name][:8]}.md")
        return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> BadNight:
    tmp_path = tmp_path_factory.mktemp("bad")
    place = new_installation(tmp_path / "home", samples, [2024], units=[HONEST])
    inbox = place.home.inbox

    def issued(unit: str) -> Path:
        [path] = (samples([2024], units=[unit]) / unit).iterdir()
        return path

    made = {
        "空.xlsx": b"",
        "文字.xlsx": "各位同志：\n年报已发，请查收。\n".encode(),
        "阳信县.et": bad_files.wps_et(),
        "加密.xlsx": bad_files.encrypted(),
        "远角.xlsx": bad_files.far_corners(),
        "空格.xlsx": bad_files.much_space(),
        "长字.xlsx": bad_files.long_string(),
        "部件.xlsx": bad_files.many_entries(),
        "半截.xlsx": bad_files.cut_off(issued(HONEST)),
        "通讯录.xlsx": bad_files.other_workbook(),
        "乱码.xlsx": bytes(range(256)) * 40,
        "惠民县.xlsm": bad_files.with_macros(issued(MACROS)),
    }
    for name, content in made.items():
        (inbox / name).write_bytes(content)
    bad_files.on_cover(issued(HONEST), inbox / "外县.xlsx", unit_name="石头县", unit_code="")
    bad_files.on_cover(issued(HONEST), inbox / "未来.xlsx", year="2031")
    bad_files.on_cover(issued(HONEST), inbox / "371621惠民县" / "走错门.xlsx")
    bad_files.unreadable_number(issued(NUMBER), inbox / "数字.xlsx")
    bad_files.village_twice(issued(TWICE), inbox / "重复.xlsx")
    _, written, meant = bad_files.misspelt_village(issued(MISSPELT), inbox / "错字.xlsx")
    names = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in inbox.rglob("*.*") if p.is_file()}
    os.mkfifo(inbox / "管道.xlsx")
    (inbox / "链接.xlsx").symlink_to(issued(HONEST))
    return BadNight(place, night(place), names, (written, meant))


def plain(sentence: str) -> str:
    """The sentence without names and words that are the same in Chinese."""
    return _KNOWN.sub("", sentence)


def test_the_corners_of_the_sheet_fit_into_very_few_bytes() -> None:
    assert len(bad_files.far_corners()) < 1600


@pytest.mark.parametrize("name", REFUSED, ids=WHAT_IT_IS)
def test_a_file_that_cannot_be_used_is_kept_recorded_and_answered(bad: BadNight, name: str) -> None:
    rule, words = REFUSED[name]
    row = bad.submission(name)
    reason = str(row["reason"])
    assert row["decision"] == "refused", reason
    assert row["file_name"] == name
    assert bad.names[name] in Archive(bad.place.home.archive)
    assert re.search(words, reason), reason
    assert not _FOREIGN.search(plain(reason)), reason
    assert reason.endswith("。")
    assert "。）" not in reason
    assert "请" in reason
    assert reason in bad.receipt(name)
    if rule is not None:
        [found] = bad.report.submissions.filter(pl.col("submission") == bad.names[name])["rule"]
        assert found == rule


@pytest.mark.parametrize("name", HELD, ids=["number in words", "village twice", "misspelt village"])
def test_a_workbook_with_a_blocking_error_is_held_and_the_cell_named(bad: BadNight, name: str) -> None:
    rule, words = HELD[name]
    row = bad.submission(name)
    assert (row["decision"], row["is_standing"]) == ("held", False)
    assert bad.names[name] in Archive(bad.place.home.archive)
    found = bad.report.outcome.findings.filter(
        pl.col("submission") == bad.names[name], pl.col("rule") == rule
    )
    assert found.height >= 1
    lines = [line.split("|") for line in bad.receipt(name).splitlines() if line.startswith("| ")]
    [line] = [line for line in lines if len(line) > 5 and words in line[4]]
    assert line[3].strip()  # where it stands in the correction workbook, or the sheet it is about
    for cell in line[3:6]:
        assert not _FOREIGN.search(plain(cell)), cell


def test_a_near_name_is_offered_once_and_never_applied(bad: BadNight) -> None:
    written, meant = bad.misspelt
    found = bad.report.outcome.findings.filter(
        pl.col("submission") == bad.names["错字.xlsx"], pl.col("rule") == "conform.unknown_unit"
    )
    assert written in found["message"][0]
    assert meant in found["suggestion"][0]
    [line] = [text for text in bad.receipt("错字.xlsx").splitlines() if f"“{written}”" in text]
    assert line.count(f"“{meant}") == 1


@pytest.mark.parametrize("unit", [HONEST, MACROS])
def test_honest_workbooks_of_the_same_night_are_accepted(bad: BadNight, unit: str) -> None:
    rows = bad.report.submissions.filter(pl.col("unit_code") == unit, pl.col("decision") == "accepted")
    assert rows.height == 1
    standing = query(bad.place.home.database, "FROM quality.standing")
    assert unit in standing["unit_code"].to_list()


def test_nothing_else_stands(bad: BadNight) -> None:
    assert query(bad.place.home.database, "FROM quality.standing").height == 2
    assert query(bad.place.home.database, "SELECT DISTINCT unit_code FROM core.observation").height == 2


def test_the_inbox_keeps_only_what_is_no_file(bad: BadNight) -> None:
    inbox = bad.place.home.inbox
    assert sorted(p.name for p in inbox.rglob("*") if not p.is_dir()) == ["管道.xlsx", "链接.xlsx"]


def test_every_file_is_in_the_journal_and_decided(bad: BadNight) -> None:
    entries = Journal(bad.place.home.journal, read_only=True).entries()
    received = {e.submission for e in entries if e.event == Event.RECEIVED}
    decided = {e.submission for e in entries if e.event in (Event.ACCEPTED, Event.HELD, Event.REFUSED)}
    assert received == decided == set(bad.names.values())


def test_the_digest_names_every_file_that_could_not_be_used(bad: BadNight) -> None:
    digest = (bad.place.home.site / "digest.md").read_text(encoding="utf-8")
    assert f"接收 2 份，暂存 {len(HELD)} 份，未能接收 {len(REFUSED)} 份。" in digest
    for name in (*REFUSED, *HELD):
        assert f"（{name}）" in digest


def test_the_receipt_of_an_unreadable_file_named_for_a_unit_goes_to_the_unit(bad: BadNight) -> None:
    [path] = bad.place.home.outbox.rglob(f"*_{bad.names['阳信县.et'][:8]}.md")
    assert path.parent.name == "371622阳信县"


def test_the_next_night_finds_nothing_to_do(bad: BadNight) -> None:
    before = bad.place.home.database.stat().st_mtime_ns
    assert night(bad.place).submissions.is_empty()
    assert bad.place.home.database.stat().st_mtime_ns == before


def test_a_refused_file_is_accepted_once_it_lies_in_the_right_folder(
    installation: NewInstallation, samples: Samples
) -> None:
    """Its receipt asks for exactly this; the bytes are the same."""
    east, west = "990101", "990102"
    place = installation(catalogue=LANHE)
    [file] = (samples([2024], LANHE) / east).iterdir()
    for folder in (west, east):
        (place.home.inbox / folder).mkdir(exist_ok=True)
        shutil.copy(file, place.home.inbox / folder / "年报.xlsx")
        night(place)
    assert query(place.home.database, "FROM quality.standing")["unit_code"].to_list() == [east]
