"""Everyday use of the published file from a terminal: queries from pipes and into files, names completed, DuckDB's shell."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from flows.cli.completion import complete_indicator, complete_query
from flows.cli.console import choose_installation
from flows.exporting.duckdb_shell import find_shell, write_greeting
from flows.settings import find_installation
from tests.terminal import Terminal, is_one_chinese_sentence
from tests.test_exporting import database  # noqa: F401 - a fixture

ROOT = Path(__file__).parent.parent
ENTRY = """#!{python}
import sys
sys.argv[0] = "nianbao"
from flows.cli.app import main
main()
"""


@pytest.fixture
def nianbao(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    database: Path,  # noqa: F811
) -> Terminal:
    """A terminal whose home has the small published warehouse."""
    find_installation.cache_clear()
    shutil.copytree(database.parent, tmp_path / "home")
    return Terminal(tmp_path / "home", monkeypatch, capsys)


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_query_is_read_from_standard_input(nianbao: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(
        monkeypatch, "-- 指标\nSELECT value\nFROM mart.indicator WHERE indicator = 'sunflower_site_count';\n"
    )
    assert json.loads(nianbao("query", "--json", "-").out) == [{"value": 92.0}]


def test_an_empty_standard_input_is_no_query(nianbao: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "\n")
    said = nianbao("query", "-")
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)


def test_the_answer_of_a_query_is_written_to_a_file(nianbao: Terminal, tmp_path: Path) -> None:
    said = nianbao(
        "query", "SELECT year, value FROM mart.indicator ORDER BY value", "--out", str(tmp_path / "a.parquet")
    )
    assert said.code == 0, said.err
    assert "已导出 5 行" in said.out
    assert pl.read_parquet(tmp_path / "a.parquet").columns == ["year", "value"]


@pytest.mark.parametrize(
    "sql", ["COPY mart.indicator TO 'a.csv'", "FROM read_csv('/etc/passwd')", "LOAD httpfs"]
)
def test_a_query_into_a_file_writes_and_reads_nothing_else(
    nianbao: Terminal, tmp_path: Path, sql: str
) -> None:
    said = nianbao("query", sql, "--out", str(tmp_path / "a.csv"))
    assert said.code == 2
    assert "只" in said.err
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.parametrize(
    ("sql", "meant"),
    [
        ("SELECT valeu FROM mart.indicator", "没有列 valeu，是否为 mart.indicator 的 value（数值）？数值；"),
        ("SELECT i.org_nam FROM mart.indicator AS i", "是否为 mart.indicator 的 org_name（单位名称）？"),
        ("SELECT 覆盖率 FROM mart.indicator", "是否为 mart.indicator 的 coverage_pct（覆盖率）？"),
        ("SELECT valeu FROM as_of('2030-01-01')", "是否为 mart.indicator 的 value（数值）？"),
        ("SELECT member_count FROM mart.indicator", "indicator = 'member_count'"),
        ("SELECT due_date FROM mart.programme", "有此列的是"),
        ("FROM mart.indicators", "没有表 indicators，是否为 mart.indicator？"),
        ("FROM mart_zh.年度指标表", "是否为 mart_zh.年度指标？"),
        ("FROM asof('2024-01-01')", "是否为 as_of？"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(nianbao: Terminal, sql: str, meant: str) -> None:
    said = nianbao("query", sql)
    assert said.code == 2
    assert meant in said.err


def test_a_name_like_none_is_answered_with_what_duckdb_says(nianbao: Terminal) -> None:
    assert "xyzq" in nianbao("query", "SELECT xyzq FROM mart.programme").err


def test_the_last_word_of_a_query_is_completed(nianbao: Terminal) -> None:
    choose_installation(nianbao.home, None)
    assert complete_query("mart.indicator_l") == ["mart.indicator_latest", "mart.indicator_log"]
    assert complete_query("SELECT coverage_p") == ["SELECT coverage_pct"]
    assert complete_query("FROM as_") == ["FROM as_of("]
    assert "sunflower_site_count" in complete_indicator("sunflower_si")


def test_where_nothing_is_published_no_name_is_completed(nianbao: Terminal) -> None:
    (nianbao.home / "warehouse.duckdb").unlink()
    choose_installation(nianbao.home, None)
    assert complete_query("mart.") == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes_commands_and_names_with_the_printed_script(nianbao: Terminal, tmp_path: Path) -> None:
    script = tmp_path / "completion.sh"
    script.write_text(nianbao("completion", "bash").out)
    program = tmp_path / "nianbao"
    program.write_text(ENTRY.format(python=sys.executable))
    program.chmod(0o755)
    typed = f"""source {script}
    ask() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nianbao_completion {program}; echo "${{COMPREPLY[@]}}"; }}
    ask nianbao rebu
    ask nianbao export mart.indicator_l
    ask nianbao trace sunflower_site_co"""
    found = subprocess.run(
        ["bash", "-c", typed],
        env={**os.environ, "NIANBAO_HOME": str(nianbao.home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert found.stdout.splitlines() == [
        "rebuild",
        "mart.indicator_latest mart.indicator_log",
        "sunflower_site_count",
    ]


def test_without_duckdbs_shell_a_sentence_says_where_to_get_it(
    nianbao: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if find_shell() is not None:
        pytest.skip("DuckDB's shell is installed beside this Python")
    said = nianbao("shell")
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert "nianbao query" in said.err


def test_the_greeting_lists_tables_and_macros(database: Path) -> None:  # noqa: F811
    lines = write_greeting(database).splitlines()
    assert any(line.split() == ["mart.indicator", "年度指标"] for line in lines)
    assert any(line.startswith("  as_of(moment)") for line in lines)


def test_the_shell_is_started_on_the_file_to_read_it_only(
    nianbao: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        tmp_path / "bin" / "duckdb"
    )  # says what it was called with: the real one is tried below where it is installed
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    assert nianbao("shell").code == 3
    assert (tmp_path / "called").read_text().split() == [
        "-safe",
        "-readonly",
        str(nianbao.home / "warehouse.duckdb"),
    ]


@pytest.mark.skipif(find_shell() is None, reason="DuckDB's shell is not installed here")
@pytest.mark.parametrize(
    "typed",
    [
        "DELETE FROM core.org_unit;",
        "FROM read_text('/etc/passwd');",
        ".shell touch a",
        "LOAD httpfs;",
        "ATTACH 'b.duckdb';",
    ],
)
def test_duckdbs_own_shell_only_reads_the_file(
    database: Path,  # noqa: F811
    tmp_path: Path,
    typed: str,
) -> None:
    program = find_shell()
    assert program is not None
    before = database.read_bytes()
    run = "import sys; from pathlib import Path; from flows.exporting.duckdb_shell import run_shell; "
    run += "sys.exit(run_shell(Path(sys.argv[1]), Path(sys.argv[2])))"
    found = subprocess.run(
        [sys.executable, "-c", run, program, database],
        input=f"SELECT 'answer' || count(*) FROM mart.indicator;\n{typed}\n",
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert "answer5" in found.stdout
    assert "rror" in found.stderr or "safe" in found.stderr
    assert database.read_bytes() == before
    assert list(tmp_path.iterdir()) == []


def test_a_copy_of_the_whole_file_is_asked_for_without_a_table(nianbao: Terminal, tmp_path: Path) -> None:
    said = nianbao("export", "mart.indicator", "--out", str(tmp_path / "a.duckdb"))
    assert (said.code, is_one_chinese_sentence(said.err)) == (2, True)
    assert not (tmp_path / "a.duckdb").exists()
    assert nianbao("export", "--out", str(tmp_path / "a.duckdb")).code == 0
    assert (tmp_path / "a.duckdb").read_bytes() == (nianbao.home / "warehouse.duckdb").read_bytes()


def test_where_nothing_is_published_nothing_is_exported(nianbao: Terminal, tmp_path: Path) -> None:
    (nianbao.home / "warehouse.duckdb").unlink()
    said = nianbao("export", "--out", str(tmp_path / "a.duckdb"))
    assert said.code == 2
    assert "还没有数据仓库" in said.err
    assert [file.name for file in tmp_path.iterdir()] == ["home"]
