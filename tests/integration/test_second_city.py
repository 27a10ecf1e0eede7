"""Another city is another catalogue, not other code: a whole night of an invented city with two counties."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import yaml

from flows.answer.outgoing import Report
from flows.cli.commands.catalogue_commands import STARTER
from flows.settings import Installation
from tests.integration.conftest import LANHE, Samples, new_installation, night
from transforms.samples.sample_entries import make_sample_entries
from warehouse.store.query import query
from warehouse.trace.text import format_trace
from warehouse.trace.trace import trace

YEARS = range(2021, 2025)


@pytest.fixture(scope="module")
def lanhe(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> tuple[Installation, Report]:
    place = new_installation(tmp_path_factory.mktemp("lanhe") / "home", samples, YEARS, catalogue=LANHE)
    return place, night(place)


def entered(place: Installation, form: str, field: str, year: int, county: str = "") -> float:
    """The sum of what the sample workbooks of a year say."""
    total = 0.0
    for unit, forms in make_sample_entries(place.catalogue, {}, year).items():
        if form in forms and unit.startswith(county):
            values = [v for v in forms[form][field].to_list() if isinstance(v, int | float)]
            total += sum(values)
    return total


def indicator(place: Installation, name: str, org: str = "990100", year: int = 2024) -> dict[str, Any]:
    found = query(
        place.home.database,
        "FROM mart.indicator WHERE indicator = ? AND org_code = ? AND year = ?",
        [name, org, year],
    )
    assert found.height == 1
    return found.row(0, named=True)


def test_every_unit_and_year_is_accepted(lanhe: tuple[Installation, Report]) -> None:
    place, report = lanhe
    assert report.submissions.filter(pl.col("decision") != "accepted").to_dicts() == []
    assert report.submissions.height == 3 * len(YEARS)
    rates = query(place.home.database, "FROM mart.reporting_rate ORDER BY year")
    assert rates["reporting_rate_pct"].to_list() == [100.0] * 4


def test_totals_are_the_sums_of_what_was_entered(lanhe: tuple[Installation, Report]) -> None:
    place, _ = lanhe
    assert indicator(place, "member_count")["value"] == entered(place, "network", "member_count", 2024)
    assert indicator(place, "member_count", "990101")["value"] == entered(
        place, "network", "member_count", 2024, "990101"
    )
    visits = [entered(place, "care", "visit_count", year) for year in YEARS]
    assert indicator(place, "visit_cumulative_count")["value"] == sum(visits)
    change = indicator(place, "visit_yoy_pct")["value"]
    assert change == pytest.approx((visits[-1] - visits[-2]) / visits[-2] * 100)


def test_a_field_begins_in_its_year(lanhe: tuple[Installation, Report]) -> None:
    place, _ = lanhe
    years = query(
        place.home.database, "SELECT DISTINCT year FROM core.observation WHERE field = 'talk_count'"
    )
    assert sorted(years["year"]) == [2022, 2023, 2024]


def test_merged_villages_report_until_they_merge(lanhe: tuple[Installation, Report]) -> None:
    place, _ = lanhe
    found = query(
        place.home.database,
        """SELECT org_code, min(year) AS first, max(year) AS last FROM core.observation
           WHERE org_code LIKE '990101002___' GROUP BY org_code ORDER BY org_code""",
    )
    assert found.rows() == [
        ("990101002001", 2021, 2022),
        ("990101002002", 2021, 2022),
        ("990101002003", 2023, 2024),
    ]


def test_coverage_speaks_of_this_citys_units(lanhe: tuple[Installation, Report]) -> None:
    row = indicator(lanhe[0], "association_coverage_pct")
    assert 0 <= row["value"] <= 100
    assert row["denominator"] == 4
    assert row["coverage_pct"] == 100.0


def test_a_number_can_be_traced_to_its_cells(lanhe: tuple[Installation, Report]) -> None:
    place, _ = lanhe
    traced = trace(place.home.database, place.catalogue, "member_count", "990101", 2024)
    text = format_trace(traced, 20)
    assert "兰1表" in text
    assert "东岸县" in text


def test_a_city_without_rules_of_its_own_is_told_so(lanhe: tuple[Installation, Report]) -> None:
    place, _ = lanhe
    assert "注意：目录册没有本市的审核关系" in (place.home.site / "digest.md").read_text(encoding="utf-8")
    counts = query(place.home.database, "SELECT city_rule_count, rule_count FROM quality.run").row(0)
    assert counts == (0, len(place.rulebook.rules))


def test_nothing_the_city_sees_speaks_of_another_city(
    lanhe: tuple[Installation, Report], samples: Samples
) -> None:
    place, _ = lanhe
    pages = [
        *place.home.outbox.rglob("*.md"),
        *place.home.site.rglob("*.md"),
        *place.home.site.rglob("*.html"),
    ]
    assert len(pages) > 12
    texts = {str(page): page.read_text(encoding="utf-8") for page in pages}
    for book in samples(YEARS, LANHE).rglob("*_2024_*.xlsx"):
        cells = [c for s in openpyxl.load_workbook(book).worksheets for row in s.values for c in row]
        texts[str(book)] = "\n".join(str(c) for c in cells if c is not None)
    for table in (
        "mart.dictionary",
        "mart.indicator",
        "mart.programme",
        "core.org_unit",
        "quality.submission",
    ):
        texts[table] = str(query(place.home.database, f"FROM {table}").write_csv())
    for where, text in texts.items():
        assert "滨州" not in text, where
    assert "兰河市计划生育协会" in (place.home.site / "digest.md").read_text(encoding="utf-8")


def bent_city(folder: Path, keep: set[str]) -> Path:
    """Lanhe with those of its forms alone, none of which the city's own level fills in."""
    shutil.copytree(LANHE, folder)
    for path in (folder / "forms").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if text.splitlines()[0].removeprefix("id: ") not in keep:
            path.unlink()
            continue
        text = text.replace("[county, city]", "[county]").replace("levels: [city, county", "levels: [county")
        kept = [line for line in text.splitlines() if "follower_count" not in line]
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    measures = {
        m
        for path in (folder / "forms").glob("*.yaml")
        for m in re.findall(r"id: (\w+_count)", path.read_text("utf-8"))
    }
    measures |= {"registry_village_count"} | ({"visit_per_100_households"} if "care" in keep else set())
    for path in (folder / "indicators").glob("*.yaml"):
        records = yaml.safe_load(path.read_text(encoding="utf-8"))
        kept_records = [
            r for r in records if set(re.findall(r"\w+_count|visit_per\w+", r["formula"])) <= measures
        ]
        path.write_text(yaml.safe_dump(kept_records, allow_unicode=True), encoding="utf-8")
    return folder


def test_a_city_without_forms_of_its_own_completes_a_year(tmp_path: Path, samples: Samples) -> None:
    catalogue = bent_city(tmp_path / "catalogue", {"network", "care", "site"})
    place = new_installation(tmp_path / "home", samples, [2024], catalogue=catalogue)
    report = night(place)
    assert sorted(report.submissions["unit_code"]) == ["990101", "990102"]
    rate = query(place.home.database, "FROM mart.reporting_rate WHERE year = 2024").row(0, named=True)
    assert (rate["expected_count"], rate["accepted_count"], rate["reporting_rate_pct"]) == (2, 2, 100.0)
    assert "尚无已接收报表" not in (place.home.site / "digest.md").read_text(encoding="utf-8")


def test_a_unit_that_has_only_rosters_with_nothing_to_list_completes_a_year(
    tmp_path: Path, samples: Samples
) -> None:
    catalogue = bent_city(tmp_path / "catalogue", {"site"})
    (catalogue / "indicators" / "network.yaml").unlink()
    (catalogue / "programmes.yaml").write_text("- {id: care, name_zh: 关爱服务}\n", encoding="utf-8")
    (catalogue / "samples.yaml").write_text("rosters: {site: {items: 0}}\n", encoding="utf-8")
    place = new_installation(tmp_path / "home", samples, [2024], catalogue=catalogue)
    report = night(place)
    assert report.submissions["decision"].to_list() == ["accepted", "accepted"]
    rate = query(place.home.database, "FROM mart.reporting_rate WHERE year = 2024").row(0, named=True)
    assert (rate["expected_count"], rate["reported_count"], rate["accepted_count"]) == (2, 2, 2)
    row = indicator(place, "site_provincial_pct")
    assert (row["denominator"], row["state"], row["coverage_pct"]) == (0, "not_applicable", 100)


def test_a_new_city_starts_from_a_working_catalogue(tmp_path: Path, samples: Samples) -> None:
    place = new_installation(tmp_path / "home", samples, [2023, 2024], catalogue=STARTER)
    report = night(place)
    assert report.submissions["decision"].unique().to_list() == ["accepted"]
    rates = query(place.home.database, "SELECT reporting_rate_pct FROM mart.reporting_rate")
    assert rates["reporting_rate_pct"].to_list() == [100.0, 100.0]
    assert place.rulebook.warning == ""
    assert indicator(place, "visit_cumulative_count", "000100")["state"] == "value"
