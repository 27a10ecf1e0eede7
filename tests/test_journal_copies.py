"""The journal carried from a file into a table of PostgreSQL and back, backed up and restored: the same to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from flows.backup.backup import back_up
from flows.backup.journal_copy import CopyRefused, export_journal, import_journal
from flows.backup.restore import restore
from flows.backup.restore_plan import plan_restore
from flows.clock import TIME_ZONE
from flows.health.dead_man import watch
from flows.settings import Home, Installation, find_installation
from tests.integration.postgres import PostgresServer
from tests.journal_files import written
from tests.journal_tables import ask, change_behind_our_back, read_lines, write
from tests.small_city import LANHE
from tests.small_homes import small_home, take_in
from tests.terminal import Terminal, is_one_chinese_sentence
from warehouse.ledger.journal import Event, JournalBroken

NOW = datetime.now(TIME_ZONE)


@pytest.fixture
def home(address: str, tmp_path: Path) -> Home:
    return Home(tmp_path / "home", address).make()


@pytest.fixture
def place(address: str, tmp_path: Path) -> Installation:
    """A home of the small city in which two files were received."""
    made = small_home(tmp_path / "home", address)
    take_in(made, "东", "西")
    return made


@pytest.fixture
def nianbao(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Terminal]:
    """The command line on that home."""
    monkeypatch.setenv("NIANBAO_CATALOGUE", str(LANHE))
    monkeypatch.setenv("NIANBAO_JOURNAL", address)
    find_installation.cache_clear()
    yield Terminal(tmp_path / "home", monkeypatch, capsys)
    find_installation.cache_clear()


# -------------------------------------------------------------------------------------------- export, import


def test_file_to_table_to_file_is_the_same_to_the_byte(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "old" / "journal.jsonl"
    source.parent.mkdir()
    head = written(source, 70).head
    done = import_journal(home, source)
    assert (done.head, done.added_count) == (head, 70)
    assert home.read_journal().head == head
    assert export_journal(home, tmp_path / "copy.jsonl") == head
    assert (tmp_path / "copy.jsonl").read_bytes() == source.read_bytes()
    again = Home(tmp_path / "again").make()
    assert import_journal(again, tmp_path / "copy.jsonl").added_count == 70
    assert again.journal.read_bytes() == source.read_bytes()


def test_an_import_appends_what_is_missing_and_writes_nothing_twice(home: Home, tmp_path: Path) -> None:
    source = tmp_path / "journal.jsonl"
    written(source, 3)
    import_journal(home, source)
    written(source, 2)
    assert import_journal(home, source).added_count == 2
    assert import_journal(home, source).added_count == 0
    assert read_lines(home) == source.read_bytes()


def test_an_import_into_another_chain_changes_nothing(home: Home, tmp_path: Path) -> None:
    write(home, "别处.xlsx")
    before = read_lines(home)
    written(tmp_path / "journal.jsonl", 3)
    (home.archive / "journal.jsonl.head").unlink()  # a host that sees the table for the first time
    with pytest.raises(CopyRefused, match="中已有登记簿，且不是"):
        import_journal(home, tmp_path / "journal.jsonl")
    assert read_lines(home) == before


def test_an_import_of_an_older_file_into_a_table_that_goes_further_changes_nothing(
    home: Home, tmp_path: Path
) -> None:
    written(tmp_path / "journal.jsonl", 3)
    import_journal(home, tmp_path / "journal.jsonl")
    write(home, "四.xlsx")
    with pytest.raises(JournalBroken, match="第 4 条已丢失"):
        import_journal(home, tmp_path / "journal.jsonl")
    assert home.read_journal().head.count == 4


@pytest.mark.parametrize("how", ["broken", "torn", "empty", "missing"])
def test_what_is_no_whole_chain_is_not_imported(home: Home, tmp_path: Path, how: str) -> None:
    source = tmp_path / "journal.jsonl"
    if how != "missing":
        written(source, 3)
        source.with_name("journal.jsonl.head").unlink()
        whole = source.read_bytes()
        bent = {"broken": whole.replace(b"received", b"receivXd", 1), "torn": whole[:-9], "empty": b""}
        source.write_bytes(bent[how])
    with pytest.raises((CopyRefused, JournalBroken)):
        import_journal(home, source)
    assert home.read_journal().head.count == 0


def test_an_export_overwrites_nothing_but_an_older_export(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "copy.jsonl"
    with pytest.raises(CopyRefused, match="没有可导出"):
        export_journal(home, target)
    write(home, "一.xlsx")
    export_journal(home, target)
    write(home, "二.xlsx")
    assert export_journal(home, target).count == 2
    target.write_text("别的内容", encoding="utf-8")
    with pytest.raises(CopyRefused, match="没有覆盖"):
        export_journal(home, target)
    assert target.read_text(encoding="utf-8") == "别的内容"


def test_a_home_whose_settings_lost_the_table_does_not_begin_a_second_chain(
    home: Home, tmp_path: Path
) -> None:
    written(home.journal, 3)
    import_journal(home, home.journal)
    write(home, "四.xlsx")
    with pytest.raises(JournalBroken, match="记有 4 条，现存 3 条"):
        write(Home(home.root), "四.xlsx")
    assert home.journal.read_bytes().count(b"\n") == 3


def test_a_file_that_was_not_brought_into_the_table_is_not_left_behind(home: Home) -> None:
    written(home.journal, 3)
    with pytest.raises(JournalBroken, match=r"尚未把登记簿导入.*nianbao journal import"):
        write(home, "四.xlsx")


# ------------------------------------------------------------------------------------------- the commands


def test_the_commands_tell_count_and_head(home: Home, nianbao: Terminal, tmp_path: Path) -> None:
    written(home.journal, 3)
    end = Home(home.root).read_journal().head
    said = nianbao("journal", "import", str(home.journal))
    assert (said.code, said.err) == (0, "")
    assert f"新写入 3 条，共 3 条，末条校验值 {end.hash}。" in said.out
    assert "没有新的记录，共 3 条" in nianbao("journal", "import", str(home.journal)).out
    said = nianbao("journal", "export", str(tmp_path / "copy.jsonl"))
    assert said.code == 0
    assert f"共 3 条，末条校验值 {end.hash}。" in said.out
    assert (tmp_path / "copy.jsonl").read_bytes() == home.journal.read_bytes()


@pytest.mark.parametrize(
    "arguments", [("import", "nothing.jsonl"), ("export", "."), ("export", "no/such/folder.jsonl")]
)
def test_a_refused_copy_ends_with_code_2(
    place: Installation, nianbao: Terminal, tmp_path: Path, arguments: tuple[str, str]
) -> None:
    said = nianbao("journal", arguments[0], str(tmp_path / arguments[1]))
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)


# ------------------------------------------------------------------------------------------------- doctor


def test_doctor_says_where_a_sound_journal_rests(place: Installation, nianbao: Terminal) -> None:
    assert "登记簿（数据库 postgresql://prefect@127.0.0.1:" in nianbao("doctor").out


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER nianbao_journal_append_only ON nianbao_journal",
        "ALTER TABLE nianbao_journal DISABLE TRIGGER USER",
        """CREATE OR REPLACE FUNCTION nianbao_journal_refuse() RETURNS trigger LANGUAGE plpgsql
           AS 'BEGIN RETURN NEW; END'""",
    ],
)
def test_doctor_names_a_table_that_may_be_changed(
    place: Installation, nianbao: Terminal, statement: str
) -> None:
    assert "触发器" not in nianbao("doctor").err
    ask(place.settings.journal, statement)
    said = nianbao("doctor")
    assert said.code == 1
    assert "禁止修改和删除的触发器 nianbao_journal_append_only 缺失或被停用" in said.err


def test_doctor_names_a_line_that_was_changed(place: Installation, nianbao: Terminal) -> None:
    bent = "UPDATE nianbao_journal SET line = replace(line, 'nianbao', 'sombody') WHERE seq = 1"
    change_behind_our_back(place.settings.journal, bent)
    said = nianbao("doctor")
    assert said.code == 1
    assert "第 2 行与上一行不衔接" in said.err


def test_doctor_and_the_dead_mans_switch_name_a_database_that_is_silent(
    place: Installation, postgres: PostgresServer, nianbao: Terminal
) -> None:
    postgres.stop()
    try:
        said = nianbao("doctor")
        watched = watch(place.home, "", 26)
    finally:
        postgres.start()
    assert said.code == 1
    assert "服务器拒绝连接，请检查地址和端口。" in said.err
    assert "服务器拒绝连接" in watched.said[0]


# ------------------------------------------------------------------------------------------- backup


def test_a_backup_holds_the_lines_and_brings_them_back_into_an_empty_table(
    place: Installation, address: str, tmp_path: Path
) -> None:
    kept = tmp_path / "backup"
    assert back_up(place, str(kept), NOW).problems == []
    lines = read_lines(place.home)
    assert [file.read_bytes() for file in kept.rglob("*.jsonl")] == [lines]
    new = small_home(tmp_path / "new", f"{address}&office=2")
    restore(plan_restore(new.home, str(kept)), NOW, "王主任")
    assert read_lines(new.home).startswith(lines)
    assert [str(e.event) for e in new.home.read_journal().entries()] == ["received", "received", "restored"]
    assert not new.home.journal.exists()
    assert back_up(new, str(kept), NOW).problems == []


def test_a_table_that_lost_its_end_gets_it_back(place: Installation, address: str, tmp_path: Path) -> None:
    back_up(place, str(tmp_path / "backup"), NOW)
    lines = read_lines(place.home)
    change_behind_our_back(address, "DELETE FROM nianbao_journal WHERE seq = 2")
    with pytest.raises(JournalBroken, match="现存 1 条"):
        place.home.read_journal()
    restore(plan_restore(place.home, str(tmp_path / "backup")), NOW, "王主任")
    assert read_lines(place.home).startswith(lines)
    assert place.home.read_journal().entries()[-1].event == Event.RESTORED


def test_a_damaged_table_is_left_as_it_is_and_the_backup_goes_under_another_office(
    place: Installation, address: str, tmp_path: Path
) -> None:
    back_up(place, str(tmp_path / "backup"), NOW)
    change_behind_our_back(address, "DELETE FROM nianbao_journal WHERE seq = 1")
    with pytest.raises(JournalBroken, match=r"第 1 条缺失.*换一个新的 office"):
        plan_restore(place.home, str(tmp_path / "backup"))
    moved = small_home(place.home.root, f"{address}&office=滨州二")
    restore(plan_restore(moved.home, str(tmp_path / "backup")), NOW, "王主任")
    assert moved.home.read_journal().head.count == 3
    assert ask(address, "SELECT count(*) FROM nianbao_journal WHERE office = ''") == [(1,)]
