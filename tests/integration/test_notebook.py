"""The analyst's notebook in docs/, run on a small home: two counties, two years, a village that merged and a corrected file."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import Samples, new_installation, night
from warehouse.catalogue.load import DEFAULT_FOLDER

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.py"
HUIMIN, YANGXIN = "371621", "371622"
CLOSED, HEIR = "371621101327", "371621001020"
"""A village of 石庙镇 that goes on from 2024 in a community of 孙武街道."""
MORE = 40  # members that the corrected file of 惠民县 has


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """The installation after two nights: of the samples, and of the correction."""
    folder = tmp_path_factory.mktemp("analyst")
    catalogue = merge_a_village(folder / "catalogue")
    place = new_installation(folder / "home", samples, (2023, 2024), (HUIMIN, YANGXIN), catalogue)
    night(place)
    [sample] = samples((2023, 2024), catalogue, (HUIMIN,)).glob(f"{HUIMIN}/*2024*")
    book = ClerkWorkbook(sample)
    before = book.cell("年1表", "个人会员数", HEIR).value
    assert isinstance(before, int | float)
    book.enter("年1表", "个人会员数", HEIR, before + MORE)
    book.save(place.home.inbox / "惠民县更正.xlsx")
    night(place)
    return place


def merge_a_village(folder: Path) -> Path:
    """A catalogue whose registry says so."""
    shutil.copytree(DEFAULT_FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    units = folder / "registry" / "org_units.csv"
    text = units.read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if line.startswith(f"{CLOSED},")]
    assert line.endswith(",,")  # neither opened nor closed
    units.write_text(text.replace(line, f"{line}2023"), encoding="utf-8")
    with (folder / "registry" / "succession.csv").open("a", encoding="utf-8") as succession:
        succession.write(f"{CLOSED},{HEIR},2024,1.0\n")
    return folder


@pytest.fixture(scope="module")
def said(place: Installation) -> Mapping[str, Any]:
    """What the notebook defines after it ran."""
    spec = importlib.util.spec_from_file_location("analysts_notebook", NOTEBOOK)
    assert spec is not None
    assert spec.loader is not None
    notebook = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIANBAO_HOME", str(place.home.root))
        spec.loader.exec_module(notebook)
        _outputs, defs = notebook.app.run()
    return dict(defs)


def ask(place: Installation, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with duckdb.connect(place.home.database, read_only=True) as connection:
        return connection.execute(sql, parameters).fetchall()


def number(place: Installation, indicator: str, org_code: str, year: int) -> float:
    [(value,)] = ask(
        place,
        "SELECT value FROM mart.indicator WHERE indicator = ? AND org_code = ? AND year = ?",
        indicator,
        org_code,
        year,
    )
    return float(value)


def test_it_names_the_county_that_grew_most_and_what_pulled_it(
    place: Installation, said: Mapping[str, Any]
) -> None:
    members = {
        name: [number(place, "member_count", code, year) for year in (2023, 2024)]
        for name, code in (("惠民县", HUIMIN), ("阳信县", YANGXIN))
    }
    growth = {name: 100 * (now - before) / before for name, (before, now) in members.items()}
    fastest = max(growth, key=growth.__getitem__)
    assert said["growth_answer"].startswith(
        f"2024年{fastest}的会员增长最快，比上年增长{growth[fastest]:.2f}%"
    )
    [added, *_] = re.findall(r"（\+([\d,]+)人）", said["growth_answer"])
    assert 0 < float(added.replace(",", "")) <= members[fastest][1] - members[fastest][0] + MORE


def test_it_compares_where_sites_are_with_where_infants_are(
    place: Installation, said: Mapping[str, Any]
) -> None:
    sites = [number(place, "sunflower_site_count", code, 2024) for code in (HUIMIN, YANGXIN)]
    infants = [number(place, "infant_count", code, 2024) for code in (HUIMIN, YANGXIN)]
    apart = 100 * abs(sites[0] / sum(sites) - infants[0] / sum(infants))  # of two the halves are the same
    assert f"有{apart:.1f}%的小屋要换县" in said["site_answer"]
    per_10k = [10000 * s / i for s, i in zip(sites, infants, strict=True)]
    assert f"（{min(per_10k):.1f}个），最多的是" in said["site_answer"]
    assert said["site_answer"].endswith("人。")


def test_it_shows_that_what_is_cumulated_grows_by_each_years_number(
    place: Installation, said: Mapping[str, Any]
) -> None:
    total = number(place, "claim_paid_cumulative_cny", "371600", 2024)
    added = number(place, "claim_paid_cny", "371600", 2024)
    assert (
        f"增至2024年的{total / 1e4:,.1f}万元，增加最多的是2024年（{added / 1e4:,.1f}万元）"
        in said["paid_answer"]
    )
    assert said["paid_answer"].endswith("每年增加的都等于当年的赔付。")


def test_it_finds_the_units_whose_past_is_another_on_todays_boundaries(
    place: Installation, said: Mapping[str, Any]
) -> None:
    handed_on = number(place, "member_count", CLOSED, 2023)
    assert said["redrawn_answer"].startswith("有3个单位")  # both townships and the heir
    was, is_now = re.findall(r"([\d,]+)人", said["redrawn_answer"])
    assert abs(float(is_now.replace(",", "")) - float(was.replace(",", ""))) == handed_on
    assert "2023年公布" in said["redrawn_answer"]


def test_it_says_why_a_number_is_another_than_the_last_time(
    place: Installation, said: Mapping[str, Any]
) -> None:
    now = number(place, "member_count", "371600", 2024)
    assert said["change_answer"].startswith(
        f"滨州市2024年的个人会员由{now - MORE:,.0f}人变为{now:,.0f}人，原因是更正：惠民县更正.xlsx的“年1表"
    )
    assert said["versions"].height == 2


def test_it_leads_a_number_back_to_file_sheet_and_cell(place: Installation, said: Mapping[str, Any]) -> None:
    assert "与公布数相符" in said["trace_answer"]
    found = re.search(r"最大的一格是(\S+?)的“(.+?)”([A-Z]+\d+)（(.+?)，([\d,]+)人）", said["trace_answer"])
    assert found is not None
    county = HUIMIN if said["fastest"]["org_name"] == "惠民县" else YANGXIN
    cell = ask(
        place,
        """SELECT o.value FROM core.observation AS o JOIN quality.submission AS s ON s.submission = o.submission
           WHERE o.unit_code = ? AND o.year = 2024 AND o.field = 'member_count' AND o.sheet = ? AND o.cell = ?""",
        county,
        found[2],
        found[3],
    )
    assert cell == [(float(found[5].replace(",", "")),)]


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "NIANBAO_HOME": str(home), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_as_a_script_it_prints_its_six_answers(place: Installation, said: Mapping[str, Any]) -> None:
    ended = run(str(NOTEBOOK), home=place.home.root)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == said["answers"]
    assert len(said["answers"]) == 6


def test_without_a_warehouse_it_says_so_in_one_sentence(tmp_path: Path) -> None:
    ended = run(str(NOTEBOOK), home=tmp_path)
    assert ended.returncode != 0
    assert "还没有数据仓库" in ended.stderr
    assert ended.stdout == ""


def test_it_is_exported_with_its_answers(
    place: Installation, said: Mapping[str, Any], tmp_path: Path
) -> None:
    copy = Path(shutil.copy(NOTEBOOK, tmp_path))  # marimo keeps what it computed beside the notebook
    ended = run(
        "-m", "marimo", "export", "html", str(copy), "-o", str(tmp_path / "a.html"), home=place.home.root
    )
    assert ended.returncode == 0, ended.stderr
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert json.dumps(said["paid_answer"]).strip('"') in page  # outputs lie in it as JSON
    assert "vega-lite" in page


def test_marimo_finds_nothing_to_mend_in_it() -> None:
    ended = run("-m", "marimo", "check", "--strict", str(NOTEBOOK), home=NOTEBOOK.parent)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_it_reads_the_file_and_leaves_it_as_it_is(place: Installation, said: Mapping[str, Any]) -> None:
    with pytest.raises(duckdb.Error, match="read-only"):
        said["ask"]("CREATE TABLE mine AS SELECT 1")
