"""What PostgreSQL says when it does not let the journal in: one Chinese sentence, never the password."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from flows.places.postgres import explain
from flows.settings import Home, SettingRefused, read_settings
from tests.integration.postgres import PostgresServer
from tests.journal_tables import ask, write
from warehouse.ledger.journal_lines import JournalUnreachable


@pytest.fixture
def home(address: str, tmp_path: Path) -> Home:
    return Home(tmp_path / "home", address).make()


@pytest.mark.parametrize(
    ("bent", "why"),
    [
        (lambda _: "postgresql://prefect:geheim@127.0.0.1:1/city", "拒绝连接"),
        (lambda a: a.replace("prefect@", "nobody:geheim@"), "没有这个数据库或账号"),
        (lambda a: a.replace("/postgres?", "/nowhere?"), "没有这个数据库或账号"),
        (lambda a: a.replace("127.0.0.1", "nowhere.invalid"), "找不到该服务器"),
        (lambda a: a + "&colour=geheim", "数据库地址无法识别"),
        (lambda _: "postgresql://u:geh/geheim@127.0.0.1/city", "密码中的特殊字符"),
        (lambda _: "postgresql://u:geheim@[127.0.0.1/city", "密码中的特殊字符"),
    ],
    ids=["dead port", "no role", "no database", "no host", "no parameter", "slash", "bracket"],
)
def test_a_database_that_lets_nobody_in_is_told_without_the_password(
    address: str, tmp_path: Path, bent: Callable[[str], str], why: str
) -> None:
    home = Home(tmp_path / "home", bent(address)).make()
    for attempt in (home.read_journal, lambda: write(home, "一.xlsx")):
        with pytest.raises(JournalUnreachable, match=why) as refused:
            attempt()
        assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('FATAL:  password authentication failed for user "nianbao"', "账号、密钥或密码"),
        ("fe_sendauth: no password supplied", "账号、密钥或密码"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", SSL off', "pg_hba"),
        ('root certificate file "/var/lib/nianbao/.postgresql/root.crt" does not exist', "sslrootcert"),
        ("server does not support SSL, but SSL was required", "没有启用 SSL"),
        ("FATAL:  the database system is starting up", "正在启动"),
        ("FATAL:  sorry, too many clients already", "连接数已满"),
        ("connection timeout expired", "没有回应"),
        ("server closed the connection unexpectedly", "连接中断"),
    ],
)
def test_what_libpq_says_before_it_is_let_in_has_a_reason(said: str, why: str) -> None:
    assert why in explain(psycopg.OperationalError(f"connection failed: {said}"))


def test_an_account_that_may_read_and_append_is_enough_once_there_is_a_table(
    home: Home, address: str, tmp_path: Path
) -> None:
    [(schema,)] = ask(address, "SELECT current_schema")
    ask(address, "CREATE ROLE plain LOGIN", f"GRANT USAGE ON SCHEMA {schema} TO plain")
    plain = Home(tmp_path / "plain", address.replace("prefect@", "plain@")).make()
    with pytest.raises(JournalUnreachable, match="首次使用还须能够建表"):
        write(plain, "一.xlsx")
    write(home, "一.xlsx")
    with pytest.raises(JournalUnreachable, match="授予 SELECT、INSERT"):
        write(plain, "二.xlsx")
    ask(address, "GRANT SELECT, INSERT ON nianbao_journal TO plain")
    assert write(plain, "二.xlsx").count == 2
    assert not list(plain.find_journal().find_problems())
    for statement in ("UPDATE nianbao_journal SET line = line", "DELETE FROM nianbao_journal"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(address.replace("prefect@", "plain@"), statement)


def test_what_stands_in_the_address_reaches_the_database_but_for_the_office(
    address: str, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home", f"{address}&office=%E6%BB%A8+%E5%B7%9E&sslmode=disable").make()
    write(home, "一.xlsx")
    assert ask(address, "SELECT office FROM nianbao_journal") == [("滨+州",)]


def test_a_database_in_another_encoding_is_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    options = ("-E", "EUC_CN", "-T", "template0", "--locale=C")
    home = Home(tmp_path / "home", postgres.make_database("gbk", *options)).make()
    with pytest.raises(JournalUnreachable, match="编码不是 UTF8"):
        write(home, "一.xlsx")


def test_a_journal_setting_that_is_no_address_of_postgresql_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NIANBAO_JOURNAL", "mysql://u:geheim@host/db")
    with pytest.raises(SettingRefused, match="NIANBAO_JOURNAL") as refused:
        read_settings()
    assert "geheim" not in str(refused.value)
