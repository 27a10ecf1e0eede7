"""The commands backup and restore: what they say, what they ask, how they end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from flows.settings import find_installation
from tests.small_city import LANHE
from tests.small_homes import small_home, take_in
from tests.terminal import Terminal, is_one_chinese_sentence
from warehouse.ledger.journal import Journal


@pytest.fixture
def nianbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    find_installation.cache_clear()
    monkeypatch.setenv("NIANBAO_CATALOGUE", str(LANHE))
    take_in(small_home(tmp_path / "home"), "东", "西")
    return Terminal(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture
def kept(tmp_path: Path) -> str:
    return str(tmp_path / "backup")


def test_a_backup_says_in_one_sentence_what_it_did(nianbao: Terminal, kept: str) -> None:
    said = nianbao("backup", kept)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"已备份到 {kept}：登记簿 2 条，收到的文件 2 个，")


def test_a_program_may_read_what_a_backup_did(nianbao: Terminal, kept: str) -> None:
    report = json.loads(nianbao("backup", kept, "--json").out)
    assert (report["object_count"], report["problems"]) == (2, [])


def test_the_place_may_stand_in_the_environment(
    nianbao: Terminal, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIANBAO_BACKUP", kept)
    assert nianbao("backup").code == 0
    assert Path(kept).is_dir()


def test_without_a_place_it_says_how_to_name_one(nianbao: Terminal) -> None:
    said = nianbao("backup")
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert "NIANBAO_BACKUP" in said.err


def test_a_backup_with_problems_ends_with_code_1(nianbao: Terminal, kept: str) -> None:
    shutil.rmtree(nianbao.home / "archive" / "objects")
    said = nianbao("backup", kept)
    assert said.code == 1
    assert "“东.xlsx” 缺失或无法读取" in said.err


@pytest.mark.parametrize("place", ["gopher://x/y", "s3", "sftp://127.0.0.1:1/x"])
def test_what_cannot_be_restored_from_ends_with_code_2(nianbao: Terminal, place: str, tmp_path: Path) -> None:
    said = nianbao("restore", str(tmp_path / place) if place == "s3" else place)
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)


def test_a_restore_names_what_to_do_next(nianbao: Terminal, kept: str) -> None:
    nianbao("backup", kept)
    shutil.rmtree(nianbao.home)
    said = nianbao("restore", kept)
    assert said.code == 0
    assert said.out.splitlines()[-1] == "请运行 nianbao rebuild，由档案和登记簿重新建立数据仓库。"
    assert Journal(nianbao.home / "archive" / "journal.jsonl").head.count == 3


def test_a_restore_goes_where_it_is_told(nianbao: Terminal, kept: str, tmp_path: Path) -> None:
    nianbao("backup", kept)
    report = json.loads(nianbao("restore", kept, "--into", str(tmp_path / "try"), "--json").out)
    assert (report["home"], report["object_count"]) == (str(tmp_path / "try"), 2)
    assert Journal(nianbao.home / "archive" / "journal.jsonl").head.count == 2


def test_a_restore_that_loses_entries_asks_first(nianbao: Terminal, kept: str) -> None:
    nianbao("backup", kept)
    take_in(small_home(nianbao.home), "南")
    shutil.rmtree(nianbao.home / "archive")
    asked = nianbao("restore", kept)
    assert asked.code == 2
    assert "第 3 条" in asked.err
    assert not (nianbao.home / "archive").exists()
    assert nianbao("restore", kept, "--yes").code == 0


def test_a_restore_into_a_home_that_goes_further_is_refused(nianbao: Terminal, kept: str) -> None:
    nianbao("backup", kept)
    take_in(small_home(nianbao.home), "南")
    said = nianbao("restore", kept, "--yes")
    assert said.code == 2
    assert "不需要恢复" in said.err
