"""A journal in a table of PostgreSQL: the chain of the file form, byte for byte; only appended to; one writer over all hosts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flows
from flows.backup.journal_copy import export_journal
from flows.home_check import hold_for_writing, open_journal
from flows.places.postgres import name_this_process
from flows.settings import Home
from tests.integration.postgres import PostgresServer
from tests.journal_files import NOON
from tests.journal_tables import ask, change_behind_our_back, read_lines, receive, write
from tests.lost_answers import losing_answers
from tests.test_journal import drafts
from warehouse.ledger.journal import Draft, Journal, JournalBroken
from warehouse.ledger.journal_lines import JournalUnreachable
from warehouse.store.publish import AlreadyRunning

HOLDER = """
import sys, time
from pathlib import Path
from flows.home_check import hold_for_writing
from flows.settings import Home
with hold_for_writing(Home(Path(sys.argv[1]), sys.argv[2]).make()):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(address: str, tmp_path: Path) -> Home:
    return Home(tmp_path / "home", address).make()


# ------------------------------------------------------------------------------------------- the same chain


def test_what_one_host_writes_every_host_reads(home: Home, address: str, tmp_path: Path) -> None:
    name = os.fsdecode("滨城区.xlsx".encode("gbk"))
    head = write(home, "西山县 “终稿”\\\n\t😀.xlsx", name)
    other = Home(tmp_path / "other", address).make()
    assert other.read_journal().head == head
    assert write(other, "北山县.xlsx").count == 3
    names = [e.payload["file_name"] for e in home.read_journal().entries()]
    assert names == ["西山县 “终稿”\\\n\t😀.xlsx", name, "北山县.xlsx"]


def test_a_table_that_was_never_written_into_is_an_empty_journal(home: Home, address: str) -> None:
    assert home.read_journal().head.count == 0
    assert ask(address, "SELECT to_regclass('nianbao_journal')") == [(None,)], "a reader makes nothing"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(drafts, max_size=4), max_size=4))
def test_any_drafts_give_the_same_lines_and_head_in_both_forms(
    batches: list[list[Draft]], postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("both")
    in_file = Journal(root / "journal.jsonl")
    in_table = Home(root / "home", f"{postgres.address('postgres')}?office={root.name}").make()
    with hold_for_writing(in_table) as lines:
        journal = open_journal(lines, in_table)
        for batch in batches:
            in_file.append_many(batch)
            journal.append_many(batch)
    assert in_table.read_journal().head == in_file.head
    assert in_table.read_journal().entries() == in_file.entries()
    file = root / "journal.jsonl"
    assert read_lines(in_table) == (file.read_bytes() if file.exists() else b"")


def test_whoever_opens_the_journal_asks_the_home_where_it_rests() -> None:
    by_path = re.compile(r"\bJournal(?:File)?\([^)]*\.journal\b")
    sources = Path(flows.__file__).parent.rglob("*.py")
    assert [file.name for file in sources if by_path.search(file.read_text(encoding="utf-8"))] == [
        "settings.py"
    ]


def test_offices_in_one_database_do_not_meet(address: str, tmp_path: Path) -> None:
    east, west = (
        Home(tmp_path / o, f"{address}&office={o}&connect_timeout=5").make() for o in ("east", "west")
    )
    with hold_for_writing(east):
        assert write(west, "西.xlsx").count == 1
    assert write(east, "东.xlsx").count == 1
    assert [e.payload["file_name"] for e in west.read_journal().entries()] == ["西.xlsx"]


# -------------------------------------------------------------------------------------- only appended to


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE nianbao_journal SET line = line",
        "UPDATE nianbao_journal SET office = 'x' WHERE false",
        "DELETE FROM nianbao_journal WHERE seq = 2",
        "TRUNCATE nianbao_journal",
    ],
)
@pytest.mark.parametrize("session", ["SELECT 1", "SET session_replication_role = replica"])
def test_the_table_refuses_whatever_does_not_append(
    home: Home, address: str, statement: str, session: str
) -> None:
    head = write(home, "一.xlsx", "二.xlsx")
    with pytest.raises(psycopg.Error, match="登记簿只能追加"):
        ask(address, session, statement)
    assert home.read_journal().head == head


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "UPDATE nianbao_journal SET line = replace(line, '一', '七') WHERE seq = 1",
            "第 2 行与上一行不衔接",
        ),
        ("UPDATE nianbao_journal SET line = replace(line, '三', '七') WHERE seq = 3", "第 3 条与 .*不符"),
        ("UPDATE nianbao_journal SET line = left(line, 20) WHERE seq = 3", "第 3 行不是完整的 JSON"),
        ("DELETE FROM nianbao_journal WHERE seq = 2", "第 2 条缺失"),
        ("DELETE FROM nianbao_journal WHERE seq = 3", "记有 3 条，现存 2 条"),
        ("TRUNCATE nianbao_journal", "记有 3 条，现存 0 条"),
        ("DROP TABLE nianbao_journal", "记有 3 条，现存 0 条"),
        ("INSERT INTO nianbao_journal (office, seq, line) VALUES ('', 4, '{}')", "第 4 行缺少"),
    ],
)
def test_what_was_changed_behind_our_back_stops_reader_and_writer(
    home: Home, address: str, statement: str, why: str
) -> None:
    write(home, "一.xlsx", "二.xlsx", "三.xlsx")
    if statement.startswith("DROP"):
        ask(address, statement)
    else:
        change_behind_our_back(address, statement)
    before = read_lines_or_none(home)
    for _ in range(2):
        with pytest.raises(JournalBroken, match=why):
            home.read_journal()
        with pytest.raises(JournalBroken, match=why):
            write(home, "四.xlsx")
    assert read_lines_or_none(home) == before


def read_lines_or_none(home: Home) -> bytes | None:
    try:
        return read_lines(home)
    except JournalBroken:
        return None


def test_lines_survive_a_crash_though_the_account_asked_for_less(
    postgres: PostgresServer, home: Home, address: str
) -> None:
    write(home, "一.xlsx")
    [(schema,)] = ask(address, "SELECT current_schema")
    ask(
        address,
        "CREATE ROLE hasty LOGIN",
        "ALTER ROLE hasty SET synchronous_commit = off",
        f"GRANT USAGE ON SCHEMA {schema} TO hasty",
        "GRANT SELECT, INSERT ON nianbao_journal TO hasty",
        "CREATE TABLE seen (how text)",
        "GRANT INSERT ON seen TO hasty",
        """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$""",
        "CREATE TRIGGER note AFTER INSERT ON nianbao_journal EXECUTE FUNCTION note()",
    )
    write(Home(home.root, address.replace("prefect@", "hasty@")), "二.xlsx")
    assert ask(address, "SELECT DISTINCT how FROM seen") == [("on",)]
    postgres.stop()
    postgres.start()
    assert home.read_journal().head.count == 2


# ----------------------------------------------------------------------------------------------- one writer


@pytest.fixture
def hold(address: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """``hold()``: a process of another host, with a home of its own, that holds the journal."""
    with ExitStack() as running:

        def begin() -> subprocess.Popen[str]:
            command = [sys.executable, "-c", HOLDER, str(tmp_path / "other"), address]
            other = running.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            running.callback(other.kill)
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            return other

        yield begin


def test_the_second_writer_hears_who_is_at_work_and_follows_when_that_one_is_killed(
    home: Home, address: str, hold: Callable[[], subprocess.Popen[str]]
) -> None:
    write(home, "一.xlsx")
    other = hold()
    with pytest.raises(AlreadyRunning) as refused:
        write(home, "二.xlsx")
    said = str(refused.value)
    host = name_this_process().split()[1]
    assert f"主机 {host}，进程号 {other.pid}，自 " in said
    assert said.endswith("请待其结束后重试。")
    assert home.read_journal().head.count == 1, "readers need no lock"
    other.kill()
    other.wait()
    for _ in range(50):  # the server notices it within moments
        try:
            assert write(home, "二.xlsx").count == 2
        except AlreadyRunning:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the lock of a process that is gone was kept")


def test_whoever_ends_gives_the_lock_back_at_once(home: Home) -> None:
    for number in range(1, 21):
        assert write(home, f"{number}.xlsx").count == number


def test_a_lock_lost_in_the_middle_ends_the_writing_in_a_sentence(home: Home, address: str) -> None:
    with hold_for_writing(home) as lines:
        journal = open_journal(lines, home)
        receive(journal, "一.xlsx")
        ask(
            address,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'nianbao %'",
        )
        with pytest.raises(JournalUnreachable, match="连接中断，写入锁随之失去，本次作业中止"):
            receive(journal, "二.xlsx")
        with pytest.raises(RuntimeError, match="open it anew"):
            receive(journal, "二.xlsx")
    assert write(home, "三.xlsx").count == 2


def wait_until_unlocked(address: str) -> None:
    """Until the server has noticed that the other end of a broken connection is gone, that one holds the lock."""
    deadline = time.monotonic() + 60
    held = """SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
              WHERE l.locktype = 'advisory' AND d.datname = current_database()"""
    with psycopg.connect(address, autocommit=True) as looking:
        while looking.execute(held).fetchone() != (0,) and time.monotonic() < deadline:
            time.sleep(0.01)


def test_a_commit_whose_answer_was_lost_stands_and_the_next_writer_goes_on_from_it(
    postgres: PostgresServer, home: Home, address: str
) -> None:
    write(home, "一.xlsx")
    with losing_answers(postgres.port) as way:
        far = Home(home.root, address.replace(f":{postgres.port}/", f":{way.port}/"))
        with hold_for_writing(far) as lines:
            journal = open_journal(lines, far)
            way.is_armed = True
            with pytest.raises(JournalUnreachable, match="连接中断"):
                receive(journal, "二.xlsx", "三.xlsx")
    wait_until_unlocked(address)
    assert write(home, "四.xlsx").count == 4
    names = [e.payload["file_name"] for e in home.read_journal().entries()]
    assert names == ["一.xlsx", "二.xlsx", "三.xlsx", "四.xlsx"]


def test_a_lock_that_another_session_holds_is_no_lock(home: Home) -> None:
    with hold_for_writing(home) as lines:
        journal = open_journal(lines, home)
        lines._held.execute("SELECT pg_advisory_unlock_all()")  # type: ignore[attr-defined]
        with pytest.raises(JournalUnreachable, match="写入锁不在本连接上"):
            receive(journal, "一.xlsx")
    assert home.read_journal().head.count == 0


def test_a_line_that_came_past_the_lock_is_not_written_over(home: Home, address: str, tmp_path: Path) -> None:
    write(home, "一.xlsx")
    with hold_for_writing(home) as lines:
        journal = open_journal(lines, home)
        copy = tmp_path / "copy.jsonl"
        export_journal(home, copy)
        Journal(copy).append("run_finished", "somebody", NOON)
        line = copy.read_text(encoding="utf-8").splitlines()[-1]
        with psycopg.connect(address) as past:
            past.execute("INSERT INTO nianbao_journal (office, seq, line) VALUES ('', 2, %s)", [line])
        with pytest.raises(JournalBroken, match="在打开之后被其他程序改动"):
            receive(journal, "二.xlsx")
    assert home.read_journal().entries()[-1].actor == "somebody"
