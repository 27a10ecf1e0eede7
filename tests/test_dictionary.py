"""The dictionary is rendered from the declarations: every name defined, every page fresh, the same words everywhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import polars as pl
import pytest

from tests.measure_rows import with_indicator
from tests.warehouse_samples import batch
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.registry.levels import LEVELS
from warehouse.store.build import NightBuild
from warehouse.store.query import query
from warehouse.store.schema.dictionary import format_dictionary, list_definitions, write_dictionary
from warehouse.store.schema.shapes import list_shapes
from warehouse.store.schema.tables import macros, tables

PAGE = Path(__file__).parent.parent / "docs" / "dictionary.md"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_the_committed_page_is_fresh(catalogue: Catalogue) -> None:
    assert PAGE.read_text(encoding="utf-8") == format_dictionary(catalogue), (
        "run: python -m warehouse.store.schema.dictionary docs/dictionary.md"
    )


def test_a_form_that_is_not_asked_every_year_says_when(catalogue: Catalogue) -> None:
    dated = catalogue.forms["warm_action"].model_copy(update={"since": 2025})
    forms = {**catalogue.forms, "warm_action": dated}
    page = format_dictionary(dataclasses.replace(catalogue, forms=forms))
    said = "。2025年度起填报。\n\n| 栏目"
    assert page.count(said) == format_dictionary(catalogue).count(said) + 1


def test_every_name_of_the_catalogue_is_defined_once(catalogue: Catalogue) -> None:
    rows = list_definitions(catalogue)
    assert rows.group_by("kind", "name", "form").len().filter(pl.col("len") > 1).height == 0
    names = {kind[0]: set(part["name"]) for kind, part in rows.partition_by("kind", as_dict=True).items()}
    assert names["measure"] == set(catalogue.measures)
    assert names.get("indicator", set()) == set(catalogue.indicators)
    assert names["form"] == set(catalogue.forms)
    assert names["field"] == {f.id for form in catalogue.forms.values() for f in form.fields}
    shapes = {shape.full_name for shape in list_shapes(catalogue)}
    assert names["table"] | names["view"] == set(tables()) | shapes
    assert names["macro"] == {macro.name for macro in macros()}


def test_every_definition_has_a_chinese_name_and_a_meaning(catalogue: Catalogue) -> None:
    rows = list_definitions(catalogue)
    chinese = pl.col("name_zh", "meaning").str.contains(r"\p{Han}")
    # “5·29” and the like need no Han character of their own; every name still has some.
    assert (
        rows.filter(~pl.all_horizontal(chinese.fill_null(False))).select("kind", "name", "name_zh").rows()
        == []
    )


def test_formulas_are_written_in_chinese_words(catalogue: Catalogue) -> None:
    rows = list_definitions(catalogue).filter(pl.col("kind").is_in(["measure", "indicator"]))
    assert rows.filter(pl.col("formula_zh").is_null() | pl.col("formula_zh").str.contains("_")).rows() == []
    by_name = dict(rows.filter(kind="measure").select("name", "formula_zh").iter_rows())
    assert by_name["staff_count"] == "年1表“工作人员数”栏"
    assert by_name["sunflower_site_count"] == "年3-1表中运行状态不为“已撤销”的行数"


def test_the_warehouse_says_what_the_page_says(tmp_path: Path, catalogue: Catalogue) -> None:
    with NightBuild(tmp_path / "w.duckdb", None, catalogue) as build:
        build.add_batch(**batch("a", 1))
    rows = query(tmp_path / "w.duckdb", "FROM mart.dictionary")
    assert rows.equals(list_definitions(catalogue))
    types = query(
        tmp_path / "w.duckdb",
        """SELECT schema_name || '.' || table_name || '.' || column_name AS name, comment FROM duckdb_columns()
           WHERE schema_name IN ('core', 'quality', 'mart')""",
    )
    said = dict(types.iter_rows())
    for row in rows.filter(kind="column").iter_rows(named=True):
        assert said[row["name"]] == f"{row['name_zh']}：{row['meaning']}"
    assert query(tmp_path / "w.duckdb", "SELECT count(*) FROM mart.programme").item() == len(
        catalogue.programmes
    )


def test_the_page_shows_every_table_form_and_code(catalogue: Catalogue) -> None:
    page = format_dictionary(catalogue)
    for name in [*tables(), *catalogue.forms, *catalogue.indicators]:
        assert name in page
    for line in page.splitlines():
        assert not line.startswith("|") or line.endswith("|")


def test_the_page_is_written_where_asked(tmp_path: Path, catalogue: Catalogue) -> None:
    write_dictionary(tmp_path / "docs" / "dictionary.md", catalogue)
    assert (tmp_path / "docs" / "dictionary.md").read_text(encoding="utf-8").startswith("# 数据字典")


def test_an_indicator_is_said_to_be_of_the_levels_at_which_it_is_computed(catalogue: Catalogue) -> None:
    of_county = with_indicator(catalogue, "consultation_count", levels=("city", "county", "township"))
    assert of_county.computed_levels(of_county.indicators["x"]) == ("city", "county")
    of_city = with_indicator(catalogue, "wechat_follower_count", levels=("city", "county"))
    assert of_city.computed_levels(of_city.indicators["x"]) == ("city",)
    rate = with_indicator(catalogue, "member_count / resident_population_count", levels=LEVELS)
    assert rate.computed_levels(rate.indicators["x"]) == ("city", "county", "township")
    for row in list_definitions(catalogue).filter(kind="indicator").iter_rows(named=True):
        assert row["levels"], row["name"]


def test_every_number_has_its_class_of_disclosure(catalogue: Catalogue) -> None:
    rows = list_definitions(catalogue)
    classed = rows.filter(pl.col("disclosure").is_not_null())
    assert set(classed["kind"]) == {"measure", "indicator"}
    assert classed.height == len(catalogue.measures) + len(catalogue.indicators)
    of = {
        (kind, name): given for kind, name, given in classed.select("kind", "name", "disclosure").iter_rows()
    }
    assert of["measure", "bereaved_member_count"] == of["indicator", "bereaved_member_count"] == "protected"
    assert of["indicator", "dual_contact_coverage_pct_rank"] == "derived"
    assert of["indicator", "special_family_per_warm_home"] == "derived"
    assert of["measure", "warm_home_count"] == "open"


def test_a_name_says_since_when_it_is_asked_what_changed_and_what_it_is_used_for(
    catalogue: Catalogue,
) -> None:
    rows = {(r["kind"], r["name"]): r for r in list_definitions(catalogue).iter_rows(named=True)}
    premium = rows["field", "accident_premium_cny"]
    assert (premium["since"], premium["until"]) == (2025, None)
    assert premium["used_in"].split(",") == ["insurance_payout_pct", "accident_premium_cny"]
    ratio = rows["indicator", "insurance_payout_pct"]
    assert (ratio["since"], ratio["breaks"][:6]) == (2025, "2025年度")
    assert rows["field", "tier"]["used_in"].startswith("sunflower_site_national_count")
    assert rows["indicator", "member_per_10k"]["used_in"] == "member_per_10k_rank"
    assert rows["indicator", "member_per_10k_rank"]["used_in"] is None
