"""The command line over a warehouse: queries, exports, status, doctor; errors as one Chinese sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from flows.settings import find_installation
from tests.small_city import LANHE
from tests.terminal import Terminal, is_one_chinese_sentence
from tests.warehouse_samples import NOON, batch, indicator
from warehouse.catalogue.load import load_catalogue
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish


@pytest.fixture
def nianbao(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    find_installation.cache_clear()
    return Terminal(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a small published warehouse."""
    database = tmp_path_factory.mktemp("published") / "warehouse.duckdb"
    with NightBuild(build_path(database), None, load_catalogue()) as build:
        build.add_batch(**batch("滨城区", 1))
        build.set_indicators(indicator("sunflower_site_count", 92.0), at=NOON)
        build.add_run(
            {
                "run": "run-1",
                "started_at": "2025-01-01T01:00:00+08:00",
                "journal_count": 1,
                "journal_hash": "0" * 64,
            }
        )
    publish(build_path(database), database)
    return database.parent


@pytest.fixture
def published(nianbao: Terminal, warehouse: Path) -> Path:
    """A small published warehouse in the terminal's home."""
    return Path(shutil.copytree(warehouse, nianbao.home)) / "warehouse.duckdb"


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
    with NightBuild(build_path(database), None, load_catalogue()) as build:
        build.set_indicators(pl.concat(stated), at=NOON)
    publish(build_path(database), database)
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
