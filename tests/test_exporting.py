"""Exports: what other programs read is what is published, with its vintage, row count and licence; never a silent cut."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import openpyxl
import polars as pl
import pyarrow.parquet as pq
import pytest
from frictionless import Package, Resource, validate

from flows.exporting.formats import KINDS, choose_kind, write_export
from flows.exporting.refused import ExportRefused
from flows.exporting.workbook import write_xlsx
from tests.warehouse_samples import NOON, batch, indicator
from warehouse.catalogue.load import load_catalogue
from warehouse.exchange.exported import open_exported
from warehouse.store.build import NightBuild
from warehouse.store.publish import build_path, publish
from warehouse.store.query import QueryError

LICENCE = "样例数据，可以随意使用。"
RUN = {
    "run": "run-1",
    "started_at": "2025-01-01T01:00:00+08:00",
    "journal_count": 1,
    "journal_hash": "0" * 64,
    "published_at": datetime.fromisoformat("2025-01-01T02:03:00"),
    "catalogue_version": "abc",
    "code_version": "1.0",
}
VINTAGE = "2025年1月1日 02:03公布"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small published warehouse: a value, a zero, and each way of having no number."""
    path = tmp_path_factory.mktemp("published") / "warehouse.duckdb"
    stated = [
        indicator("sunflower_site_count", 92.0, maturity="final"),
        indicator("member_count", 0.0),
        indicator("claim_paid_cny", None, state="not_reported", unit="元"),
        indicator("wechat_rank", None, state="not_applicable", unit="位"),
        indicator("warm_home_count", None, state="held"),
    ]
    with NightBuild(build_path(path), None, load_catalogue()) as build:
        build.add_batch(**batch("滨城区", 1))
        build.set_indicators(pl.concat(stated), at=NOON)
        build.add_run(RUN)
    publish(build_path(path), path)
    return path


def export(database: Path, target: Path, asked: str = "mart.indicator", **more: Any) -> Any:
    kind = more.get("kind") or choose_kind(target, None)
    return write_export(database, asked, target, kind, LICENCE, {})


def descriptor(path: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("suffix", [".csv", ".json", ".duckdb"])
def test_beside_a_file_that_cannot_say_it_lies_a_descriptor(
    database: Path, tmp_path: Path, suffix: str
) -> None:
    written = export(database, tmp_path / f"指标{suffix}")
    assert [file.name for file in written.files] == [f"指标{suffix}", f"指标{suffix}.datapackage.json"]
    said = descriptor(written.files[1])
    assert said["row_count"] == written.row_count == 5
    assert said["licenses"][0]["title"] == LICENCE
    assert VINTAGE in said["description"]
    assert said["vintage"]["published_at"] == "2025-01-01T02:03:00"
    assert said["resources"][0]["path"] == f"指标{suffix}"
    assert list(Package.metadata_validate(dict(said))) == []


def test_a_csv_is_what_its_descriptor_says(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "指标.csv")
    report = validate(str(tmp_path / "指标.csv.datapackage.json"), type="package")
    assert report.valid, report.flatten(["type", "note"])
    fields = {
        f.name: f for f in Package(str(tmp_path / "指标.csv.datapackage.json")).resources[0].schema.fields
    }
    assert (fields["value"].type, fields["year"].type) == ("number", "integer")
    assert fields["coverage_pct"].title == "覆盖率"
    assert "真零" in str(fields["state"].description)


def test_a_csv_that_was_changed_is_not_what_its_descriptor_says(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "指标.csv")
    text = (tmp_path / "指标.csv").read_text(encoding="utf-8-sig")
    (tmp_path / "指标.csv").write_text(text.replace(",92.0,", ",九十二,"), encoding="utf-8-sig")
    assert not validate(str(tmp_path / "指标.csv.datapackage.json"), type="package").valid


@pytest.mark.parametrize("name", ["包", "包.zip"])
def test_a_data_package_holds_the_rows_as_parquet(database: Path, tmp_path: Path, name: str) -> None:
    export(database, tmp_path / name)
    folder = tmp_path / name
    if name.endswith(".zip"):
        folder = tmp_path / "ausgepackt"
        zipfile.ZipFile(tmp_path / name).extractall(folder)
    package = Package(str(folder / "datapackage.json"))
    assert list(Package.metadata_validate(package.to_descriptor())) == []
    [resource] = package.resources
    assert isinstance(resource, Resource)
    frame = pl.read_parquet(folder / str(resource.path))
    assert frame.columns == [field.name for field in resource.schema.fields]
    assert frame.height == package.custom["row_count"] == 5
    assert package.licenses[0]["title"] == LICENCE


def test_parquet_says_in_its_metadata_of_which_night_it_is(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "指标.parquet")
    said = pq.read_schema(tmp_path / "指标.parquet").metadata
    assert said[b"row_count"] == b"5"
    assert said[b"licence"].decode() == LICENCE
    assert VINTAGE in said[b"vintage"].decode()
    assert pl.read_parquet(tmp_path / "指标.parquet")["value"].to_list() == [92.0, 0.0, None, None, None]


def test_a_workbook_says_on_its_sheet_of_which_night_it_is(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "指标.xlsx")
    book = openpyxl.load_workbook(tmp_path / "指标.xlsx")
    assert book.sheetnames == ["数据", "说明"]
    told = {row[0]: row[1:] for row in book["说明"].values}
    assert str(told["导出内容"][1]).startswith("5 行")
    assert VINTAGE in str(told["版本"][1])
    assert told["使用许可"][1] == LICENCE


def test_more_rows_than_a_sheet_holds_go_on_in_further_sheets(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "名册.xlsx"
    asked = "SELECT range AS n, 'x' || range AS name FROM range(20)"
    with open_exported(database, asked, LICENCE, rows=3) as exported:
        remark = write_xlsx(target, exported, {}, rows_of_a_sheet=8)
    assert remark == "共 20 行，一张工作表最多容纳 9 行（含表头），已分写在 3 张工作表：数据、数据2、数据3。"
    book = openpyxl.load_workbook(target)
    assert book.sheetnames == ["数据", "数据2", "数据3", "说明"]
    sheets = [list(book[name].values) for name in book.sheetnames[:3]]
    assert [rows[0] for rows in sheets] == [("n", "name")] * 3
    assert [row[0] for rows in sheets for row in rows[1:]] == list(range(20))
    assert [book[name].auto_filter.ref for name in book.sheetnames[:3]] == ["A1:B9", "A1:B9", "A1:B5"]
    assert remark in [row[2] for row in book["说明"].values]


def test_texts_that_begin_like_formulas_are_texts_and_numbers_stay_numbers(
    database: Path, tmp_path: Path
) -> None:
    asked = "SELECT unnest(['=1+1', '+a', '-a', '@a', chr(9) || 'a', chr(13) || 'a', '-5', '甲']) AS text, -5 AS n"
    export(database, tmp_path / "文本.csv", asked)
    frame = pl.read_csv(tmp_path / "文本.csv")
    assert frame["text"].to_list() == ["'=1+1", "'+a", "'-a", "'@a", "'\ta", "'\ra", "-5", "甲"]
    assert frame["n"].to_list() == [-5] * 8


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".json", ".parquet"])
def test_every_type_of_the_file_can_be_exported(database: Path, tmp_path: Path, suffix: str) -> None:
    asked = """SELECT [1, 2] AS numbers, ['甲', '乙'] AS texts, [[1], [2]] AS nested, {'a': 1} AS record, true AS is_new,
               DATE '2025-01-02' AS day, TIMESTAMP '2025-01-02 03:04:05' AS at_time, 1.5::DECIMAL(9, 2) AS price,
               sum(1) AS total, NULL AS nothing"""
    target = tmp_path / f"各类{suffix}"
    assert export(database, target, asked).row_count == 1
    if suffix == ".csv":
        assert validate(str(tmp_path / "各类.csv.datapackage.json"), type="package").valid
        assert pl.read_csv(target)["numbers"].to_list() == ["1、2"]
    if suffix == ".xlsx":
        assert openpyxl.load_workbook(target)["数据"]["B2"].value == "甲、乙"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".json", ".parquet", ".sdmx.csv"])
def test_an_export_without_rows_has_its_columns(database: Path, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"空{suffix}"
    assert export(database, target, "SELECT * FROM mart.indicator WHERE year = 1").row_count == 0
    match suffix:
        case ".json":
            assert json.loads(target.read_text()) == []
        case ".xlsx":
            assert [row[0] for row in openpyxl.load_workbook(target)["数据"].values] == ["year"]
        case ".parquet":
            assert "year" in pl.read_parquet(target).columns
        case _:
            assert len(target.read_text(encoding="utf-8-sig").splitlines()) == 1


def test_sdmx_reads_as_its_data_structure_says(database: Path, tmp_path: Path) -> None:
    from pysdmx.io.csv.sdmx20.reader import read
    from pysdmx.io.json.sdmxjson2.messages import JsonStructureMessage
    from pysdmx.model import DataType, Role, decoders

    written = export(database, tmp_path / "指标.sdmx.csv")
    structure = msgspec.json.Decoder(JsonStructureMessage, dec_hook=decoders).decode(
        written.files[1].read_bytes()
    )
    [dsd] = structure.to_model().get_data_structure_definitions()
    assert [c.id for c in dsd.components if c.role == Role.DIMENSION] == [
        "FREQ",
        "REF_AREA",
        "INDICATOR",
        "TIME_PERIOD",
    ]
    [dataset] = read(written.files[0].read_text(encoding="utf-8"))
    assert dataset.structure == dsd.short_urn
    assert {*dataset.data.columns} == {c.id for c in dsd.components}
    for component in dsd.components:
        held = set(dataset.data[component.id])
        if component.local_codes is not None:
            assert held <= {code.id for code in component.local_codes}
        if component.required:
            assert "" not in held
        if component.local_dtype == DataType.DOUBLE:
            assert [float(text) for text in held if text]
    rows = dataset.data[["INDICATOR", "OBS_VALUE", "OBS_STATUS"]].itertuples(index=False)
    assert {name: (value, status) for name, value, status in rows} == {
        "sunflower_site_count": ("92.0", "A"),
        "member_count": ("0.0", "P"),
        "claim_paid_cny": ("", "L"),
        "wechat_rank": ("", "M"),
        "warm_home_count": ("", "O"),
    }
    said = {note.id: note.text for note in dsd.annotations}
    assert VINTAGE in str(said["VINTAGE"])
    assert (said["ROW_COUNT"], said["LICENCE"]) == ("5", LICENCE)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("mart.programme", "缺少列 year"),
        ("FROM mart.indicator UNION ALL FROM mart.indicator", "有 5 行重复"),
    ],
)
def test_what_is_no_indicator_once_is_not_written_as_sdmx(
    database: Path, tmp_path: Path, asked: str, sentence: str
) -> None:
    with pytest.raises(ExportRefused, match=sentence):
        export(database, tmp_path / "指标.sdmx.csv", asked)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_of_the_whole_file_answers_like_the_file(database: Path, tmp_path: Path) -> None:
    export(database, tmp_path / "年报.duckdb")
    with duckdb.connect(str(tmp_path / "年报.duckdb"), read_only=True) as copy:
        assert copy.sql("SELECT count(*) FROM as_of('2030-01-01')").fetchone() == (5,)


def test_an_export_that_breaks_off_leaves_what_was_there(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "指标.csv"
    target.write_text("上月")
    with pytest.raises((QueryError, duckdb.Error)):
        export(
            database, target, "SELECT CASE WHEN range > 9000 THEN error('不行') END AS x FROM range(100000)"
        )
    assert [file.name for file in tmp_path.iterdir()] == ["指标.csv"]
    assert target.read_text() == "上月"


def test_rows_come_in_parts_and_their_number_is_said_before(database: Path) -> None:
    with open_exported(database, "FROM range(50)", LICENCE, rows=20) as exported:
        assert exported.row_count == 50
        assert [part.height for part in exported.parts] == [0, 20, 20, 10]


@pytest.mark.parametrize(
    "asked", ["as_of('2030-01-01')", "changes('2024-01-01', '2030-01-01')", "mart_zh.年度指标"]
)
def test_macros_and_chinese_tables_are_exported_by_name(database: Path, tmp_path: Path, asked: str) -> None:
    assert export(database, tmp_path / "a.csv", asked).row_count >= 5


def test_the_name_says_the_kind_unless_it_is_told() -> None:
    assert {kind: choose_kind(Path(f"a{suffix}"), None) for kind, suffix in KINDS.items()} == {
        k: k for k in KINDS
    }
    assert choose_kind(Path("A.SDMX.CSV"), None) == "sdmx"
    assert choose_kind(Path("ordner"), None) == "datapackage"
    assert choose_kind(Path("a.csv"), "sdmx") == "sdmx"
    with pytest.raises(ExportRefused, match=r"不支持的文件类型：\.docx"):
        choose_kind(Path("a.docx"), None)
    with pytest.raises(ExportRefused, match="不支持的格式：docx"):
        choose_kind(Path("a.csv"), "docx")
