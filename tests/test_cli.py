"""The command line: help everywhere, exit codes 0, 1 and 2, errors as one Chinese sentence without a traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from flows.cli.app import app, main
from flows.settings import installation
from tests.clerk_workbook import ClerkWorkbook
from tests.small_city import LANHE
from tests.warehouse_samples import batch, indicator
from warehouse.catalogue.load import load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.publish import beside, publish

COMMANDS = (
    "template", "sample", "check", "nightly", "status", "trace", "query", "export", "rebuild", "doctor", "docs", "report",
    "review", "rules", "catalogue", "year", "registry", "deadline",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


class Terminal:
    """Calls ``nianbao`` in this process, as its entry point does."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._patch = patch
        self._capture = capture
        patch.setenv("COLUMNS", "200")
        patch.setenv("NIANBAO_HOME", str(home))

    def __call__(self, *arguments: str) -> Answer:
        self._patch.setattr(sys, "argv", ["nianbao", *arguments])
        self._capture.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        said = self._capture.readouterr()
        assert "Traceback" not in said.err
        return Answer(code, said.out, said.err)


@pytest.fixture
def nianbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    installation.cache_clear()
    return Terminal(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture
def published(nianbao: Terminal) -> Path:
    """A small published warehouse in the terminal's home."""
    nianbao.home.mkdir()
    database = nianbao.home / "warehouse.duckdb"
    with NightBuild(beside(database), None, load_catalogue()) as build:
        build.add_batch(**batch("滨城区", 1))
        build.set_indicators(indicator("sunflower_site_count", 92.0))
        build.add_run(
            {
                "run": "run-1",
                "started_at": "2025-01-01T01:00:00+08:00",
                "journal_count": 1,
                "journal_hash": "0" * 64,
            }
        )
    publish(beside(database), database)
    return database


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample workbook of 阳信县 for 2024, as its clerk would have filled it in."""
    from flows.cli.samples import write_samples

    folder = tmp_path_factory.mktemp("issued")
    place = installation(folder / "home", None)
    return next(path for path in write_samples(place, [2024], folder) if path.name.startswith("371622"))


# ------------------------------------------------------------------------------------------------------- help


def test_help_lists_every_command(nianbao: Terminal) -> None:
    said = nianbao("--help")
    assert said.code == 0
    assert [name for name in COMMANDS if name not in said.out] == []


def test_every_command_is_tested_for_its_help() -> None:
    commands = {str(c.name or getattr(c.callback, "__name__", "")) for c in app.registered_commands}
    assert commands | {str(group.name) for group in app.registered_groups} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_chinese(nianbao: Terminal, command: str) -> None:
    said = nianbao(command, "--help")
    assert said.code == 0
    assert any("\u4e00" <= character <= "\u9fff" for character in said.out)
    said_without_names = re.sub(
        r"nianbao [a-z ]*|--?[a-z]+|[{\[][a-z_]+[}\]]|\b(JSON|CSV|SQL|NIANBAO\w*)\b", "", said.out
    )
    assert not re.search(r"Usage|OPTIONS|Show this|<(bool|int|str|path|file|float)", said_without_names)


def test_help_answers_without_the_slow_libraries() -> None:
    slow = "{'prefect', 'great_expectations', 'duckdb', 'apprise'}"
    script = (
        "import sys; from flows.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"sys.exit(' '.join(sorted({slow} & set(sys.modules))) or None)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_check_does_not_wait_for_the_gate_of_the_night(issued: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from flows.checking import check_file; from flows.settings import installation\n"
        f"found = check_file(installation(Path({str(tmp_path)!r}), None), Path({str(issued)!r}))\n"
        "assert found.refusal is None\n"
        "sys.exit(' '.join(sorted({'prefect', 'great_expectations', 'pandas'} & set(sys.modules))) or None)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


# ------------------------------------------------------------------------------------------------- wrong use


@pytest.mark.parametrize(
    "arguments",
    [
        ("无此命令",),
        ("check",),
        ("status",),
        ("status", "--year", "去年"),
        ("trace", "member_count"),
        ("export", "mart.indicator"),
        ("nightly", "--无此选项"),
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_code_2(nianbao: Terminal, arguments: tuple[str, ...]) -> None:
    said = nianbao(*arguments)
    assert said.code == 2
    assert said.out == ""


def test_no_command_at_all_shows_the_help(nianbao: Terminal) -> None:
    said = nianbao()
    assert said.code in (0, 2)
    assert "template" in said.out + said.err


def is_one_chinese_sentence(text: str) -> bool:
    return len(text.strip().splitlines()) == 1 and text.startswith("错误：") and text.strip().endswith("。")


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "--year", "2024"),
        ("query", "SELECT 1"),
        ("trace", "member_count", "371600", "2024"),
        ("export", "mart.indicator", "--out", "x.csv"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_a_warehouse_it_says_what_to_do(nianbao: Terminal, arguments: tuple[str, ...]) -> None:
    said = nianbao(*arguments)
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert "nianbao nightly" in said.err


def test_a_catalogue_that_is_none_is_named(nianbao: Terminal, tmp_path: Path) -> None:
    said = nianbao("--catalogue", str(tmp_path), "doctor")
    assert said.code == 2
    assert "catalogue.yaml" in said.err


# ----------------------------------------------------------------------------------------------- workbooks


def test_template_writes_one_workbook_for_each_unit(nianbao: Terminal, tmp_path: Path) -> None:
    said = nianbao("template", "--year", "2024", "--out", str(tmp_path / "下发"))
    assert said.code == 0, said.err
    files = sorted(p.name for p in (tmp_path / "下发").iterdir())
    assert len(files) == 8
    assert files[2] == "371603_2024_沾化区_计生协年报.xlsx"
    assert len(said.out.splitlines()) == 8


def test_template_writes_the_workbook_of_one_unit(nianbao: Terminal, tmp_path: Path) -> None:
    assert nianbao("template", "--year", "2024", "--unit", "371621", "--out", str(tmp_path / "t")).code == 0
    assert [p.name for p in (tmp_path / "t").iterdir()] == ["371621_2024_惠民县_计生协年报.xlsx"]


@pytest.mark.parametrize(
    "arguments", [("--year", "1999"), ("--year", "2024", "--unit", "999999")], ids=" ".join
)
def test_template_for_an_unknown_year_or_unit_writes_nothing(
    nianbao: Terminal, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    said = nianbao("template", *arguments, "--out", str(tmp_path / "t"))
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert not (tmp_path / "t").exists()


def test_sample_fills_the_inbox_of_a_new_home(nianbao: Terminal) -> None:
    assert nianbao("sample", "--year", "2024").code == 0
    assert len(list((nianbao.home / "inbox").rglob("*.xlsx"))) == 8


def test_sample_for_an_unknown_year_is_wrong_use(nianbao: Terminal) -> None:
    said = nianbao("sample", "--year", "2031")
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)


# ---------------------------------------------------------------------------------------------------- check


def test_check_of_an_honest_workbook_is_good_and_leaves_no_trace(nianbao: Terminal, issued: Path) -> None:
    said = nianbao("check", str(issued))
    assert said.code == 0, said.out + said.err
    assert issued.exists()
    assert not nianbao.home.exists()


def test_check_as_json_can_be_read_by_a_program(nianbao: Terminal, issued: Path) -> None:
    said = nianbao("check", "--json", str(issued))
    assert said.code == 0, said.err
    assert isinstance(json.loads(said.out), list)


def test_check_of_a_workbook_with_a_blocking_error_ends_with_code_1(
    nianbao: Terminal, issued: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(issued)
    count = book.cell("年1表", "个人会员数", org=book.villages()[0])
    count.value = "约三百"
    sheet, cell = book.sheet("年1表").title, count.coordinate
    wrong = book.save(tmp_path / "371622_2024_阳信县.xlsx")
    said = nianbao("check", "--json", str(wrong))
    assert said.code == 1, said.err
    [found] = [f for f in json.loads(said.out) if f["severity"] == "critical" and "约三百" in f["message"]]
    assert (found["rule"], found["sheet"], found["cell"]) == ("conform.unreadable_number", sheet, cell)
    said = nianbao("check", str(wrong))
    assert said.code == 1
    assert "强制性" in said.out
    assert f"年1表 {cell}（" in said.out
    assert "conform.unreadable_number" not in said.out, "ids are for programs"


def test_check_tells_many_cells_of_one_cause_in_one_line(
    nianbao: Terminal, issued: Path, tmp_path: Path
) -> None:
    book = ClerkWorkbook(issued)
    for org in book.villages()[:8]:
        book.cell("年1表", "个人会员数", org=org).value = "约三百"
    wrong = book.save(tmp_path / "371622_2024_阳信县.xlsx")
    asked = [f for f in json.loads(nianbao("check", "--json", str(wrong)).out) if "约三百" in f["message"]]
    assert len(asked) == 8
    said = nianbao("check", str(wrong)).out
    assert said.count("约三百") == 1
    assert "“个人会员数”8行填的不是数字" in said.replace("\n", "")


@pytest.mark.parametrize(
    "content", [b"", "这是一段文字".encode(), b"PK\x03\x04 cut off"], ids=["empty", "text", "cut"]
)
def test_check_of_a_file_that_is_no_workbook_ends_with_code_2(
    nianbao: Terminal, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "年报.xlsx"
    file.write_bytes(content)
    said = nianbao("check", str(file))
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert nianbao("check", "--json", str(file)).code == 2


def test_check_of_a_file_that_is_not_there_ends_with_code_2(nianbao: Terminal) -> None:
    said = nianbao("check", "没有.xlsx")
    assert (said.code, said.err) == (2, "错误：找不到文件：没有.xlsx\n")


# ----------------------------------------------------------------------------------------- looking at data


def test_query_answers_as_table_json_and_csv(nianbao: Terminal, published: Path) -> None:
    sql = "SELECT year, org_code, value FROM mart.indicator"
    assert "371600" in nianbao("query", sql).out
    assert json.loads(nianbao("query", "--json", sql).out) == [
        {"year": 2024, "org_code": "371600", "value": 92.0}
    ]
    assert nianbao("query", "--csv", sql).out == "year,org_code,value\n2024,371600,92.0\n"


@pytest.mark.parametrize(
    "sql", ["SELEC 1", "SELECT x", "FROM mart.none", "DROP TABLE mart.indicator", "SELECT 1; SELECT 2"]
)
def test_a_query_that_cannot_be_answered_ends_with_code_2(
    nianbao: Terminal, published: Path, sql: str
) -> None:
    said = nianbao("query", sql)
    assert said.code == 2
    assert said.err.startswith("错误：")


def test_status_names_who_has_reported_and_who_has_not(nianbao: Terminal, published: Path) -> None:
    said = nianbao("status", "--year", "2024")
    assert said.code == 0
    assert "1/8 个单位已接收" in said.out
    rows = {
        row["unit_name"]: row["status"]
        for row in json.loads(nianbao("status", "--year", "2024", "--json").out)
    }
    assert (rows["滨城区"], rows["惠民县"]) == ("已接收", "未报送")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet", ".json"])
def test_export_writes_what_the_suffix_says(
    nianbao: Terminal, published: Path, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"指标{suffix}"
    said = nianbao("export", "mart.indicator", "--out", str(target))
    assert said.code == 0, said.err
    match suffix:
        case ".csv":
            assert target.read_bytes().startswith(b"\xef\xbb\xbf")  # else Excel shows no Chinese
            frame = pl.read_csv(target)
        case ".xlsx":
            header, *rows = openpyxl.load_workbook(target).worksheets[0].values
            frame = pl.DataFrame(rows, schema=[str(name) for name in header], orient="row")
        case ".parquet":
            frame = pl.read_parquet(target)
        case _:
            frame = pl.read_json(target)
    assert frame["value"].to_list() == [92.0]


def test_an_exported_workbook_is_ready_to_be_read(nianbao: Terminal, tmp_path: Path) -> None:
    nianbao.home.mkdir()
    database = nianbao.home / "warehouse.duckdb"
    stated = [
        indicator("sunflower_site_count", 1234.0),
        indicator("insurance_payout_pct", 56.789, unit="%", kind="rate"),
        indicator("wechat_rank", 1004.0, unit="位", kind="stock"),
        indicator("claim_paid_cny", None, unit="元", org_name="=HYPERLINK(1)"),
    ]
    with NightBuild(beside(database), None, load_catalogue()) as build:
        build.set_indicators(pl.concat(stated))
    publish(beside(database), database)
    target = tmp_path / "指标.xlsx"
    assert nianbao("export", "mart.indicator", "--out", str(target)).code == 0
    book = openpyxl.load_workbook(target)
    sheet, explained = book.worksheets
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:{sheet.dimensions.split(':')[1]}")
    columns = {str(cell.value): cell.column for cell in sheet[1]}

    def formats(name: str) -> list[str]:
        return [sheet.cell(row, columns[name]).number_format for row in range(2, 6)]

    assert formats("year") == ["0"] * 4
    assert formats("value")[:3] == ["#,##0", "0.0", "0"]
    assert set(formats("expected_count")) == {"#,##0"}
    assert sheet.cell(5, columns["org_name"]).data_type == "s"
    assert sheet.cell(5, columns["value"]).value is None
    told = {row[0]: row[1:] for row in explained.values}
    assert told["coverage_pct"][0] == "覆盖率"
    assert "held 暂存" in str(told["state"])
    assert "图例" in told


def test_a_query_tells_null_from_what_was_not_reported(nianbao: Terminal, published: Path) -> None:
    rows = "('not_reported', NULL), ('not_applicable', NULL), ('zero', 0::DOUBLE)"
    sql = f"SELECT NULL AS x, state, value FROM (VALUES {rows}) AS t(state, value)"
    said = nianbao("query", sql)
    lines = [[c.strip() for c in line.strip("│").split("│")] for line in said.out.splitlines() if "│" in line]
    assert lines == [
        ["NULL", "not_reported", "…"],
        ["NULL", "not_applicable", "—"],
        ["NULL", "zero", "0"],
    ]


def test_export_to_an_unknown_kind_of_file_is_wrong_use(
    nianbao: Terminal, published: Path, tmp_path: Path
) -> None:
    said = nianbao("export", "mart.indicator", "--out", str(tmp_path / "指标.docx"))
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert not (tmp_path / "指标.docx").exists()


def test_export_makes_the_folder_and_writes_lists_as_text(
    nianbao: Terminal, published: Path, tmp_path: Path
) -> None:
    target = tmp_path / "年" / "月" / "清单.csv"
    said = nianbao("export", "SELECT ['甲', '乙'] AS fields", "--out", str(target))
    assert said.code == 0, said.err
    assert target.read_text(encoding="utf-8-sig") == "fields\n甲、乙\n"


def test_a_place_that_cannot_be_written_to_is_one_sentence(
    nianbao: Terminal, published: Path, tmp_path: Path
) -> None:
    (tmp_path / "文件").touch()
    said = nianbao("export", "mart.indicator", "--out", str(tmp_path / "文件" / "指标.csv"))
    assert said.code == 2
    assert is_one_chinese_sentence(said.err)
    assert "是文件而不是文件夹" in said.err or "已有同名的文件" in said.err


# --------------------------------------------------------------------------------------------------- doctor


def test_opening_a_year_says_by_when_it_is_due_and_which_forms_it_prints(nianbao: Terminal) -> None:
    said = nianbao("year", "open", "2025")
    assert said.code == 0
    assert "截止日期 2026年1月20日。" in said.out
    assert "表头沿用2024版；" in said.out


def test_doctor_of_a_new_home_finds_nothing_wrong(nianbao: Terminal) -> None:
    said = nianbao("doctor")
    assert said.code == 0, said.err
    assert "一切正常" in said.out


def test_the_catalogue_of_a_new_city_is_well_from_its_first_day(nianbao: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "新城市"
    assert nianbao("catalogue", "new", str(folder)).code == 0
    said = nianbao("--catalogue", str(folder), "doctor")
    assert said.code == 0, said.err
    assert "本市 2 条" in said.out
    again = nianbao("catalogue", "new", str(folder))
    assert again.code == 2
    assert "未作改动" in again.err


def test_documents_of_another_catalogue_do_not_overwrite_those_of_this_one(
    nianbao: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = nianbao("--catalogue", str(LANHE), "docs")
    assert said.code == 2
    assert "--out" in said.err
    assert not (tmp_path / "docs").exists()
    assert nianbao("--catalogue", str(LANHE), "docs", "--out", "its").code == 0
    assert "兰1表" in (tmp_path / "its" / "dictionary.md").read_text(encoding="utf-8")


def test_doctor_says_that_a_catalogue_has_no_rules_of_its_own(nianbao: Terminal) -> None:
    said = nianbao("--catalogue", str(LANHE), "doctor")
    assert said.code == 1
    assert "没有本市的审核关系" in said.err
    assert "一切正常" not in said.out


def test_doctor_of_a_damaged_warehouse_says_how_to_get_it_back(nianbao: Terminal) -> None:
    nianbao.home.mkdir()
    (nianbao.home / "warehouse.duckdb").write_text("no database")
    said = nianbao("doctor")
    assert said.code == 1
    assert "请运行 nianbao rebuild" in said.err
    assert "nianbao doctor" not in said.err


def test_doctor_tells_a_changed_object_and_a_broken_journal(nianbao: Terminal) -> None:
    from tests.test_receive import Place

    nianbao.home.mkdir()
    place = Place(nianbao.home)
    place.drop("年报.xlsx", b"as received")
    [entry], _ = place.receive()
    received = place.archive.path(str(entry.submission))
    received.chmod(0o640)
    received.write_bytes(b"changed")
    said = nianbao("doctor")
    assert said.code == 1
    assert "档案：文件内容已被改动" in said.err
    journal = nianbao.home / "archive" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace("年报".encode(), "月报".encode()) * 2)
    said = nianbao("doctor")
    assert said.code == 1
    assert "第 2 行" in said.err
