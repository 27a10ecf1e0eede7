"""What an issued workbook says of the rules: its guide, its colours, its sheet of live checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from expectations.rulebook.rulebook import Rule, RuleBook
from expectations.sheets.layout import sheet_name
from tests.issued_workbooks import YEAR, column_of, opened
from warehouse.catalogue.load import Catalogue, load_catalogue


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_the_guide_explains_every_field_and_lists_the_rules_of_the_units_forms(
    catalogue: Catalogue, tmp_path: Path
):
    lines = [("年2表", "强制性", "失独与伤残之和等于特殊家庭成员数")]
    sheet = opened(catalogue, tmp_path, rulebook=lines)["填报说明"]
    texts = {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None}
    for form in catalogue.forms_of("county", YEAR):
        for field in form.fields_at(catalogue.row_levels(form, "county"), YEAR):
            assert field.meaning in texts
    assert lines[0][2] in texts
    assert any("不作0处理" in text for text in texts)


def rule(**given: Any) -> Rule:
    plain = {"severity": "critical", "message": "不等", "why": "因为", "fix": "请改", "words": "两数相等"}
    return Rule.model_validate({"id": "test.rule", "scope": "row", **plain, **given})


def test_rules_of_other_years_other_units_and_unusable_files_are_not_in_the_guide(
    catalogue: Catalogue, tmp_path: Path
):
    given = {
        "mine": rule(form="population", expression="infant_family_count <= infant_count", words="甲规则"),
        "old": rule(form="population", expression="infant_count > 0", words="乙规则", until=2020),
        "city": rule(form="culture_pilot", expression="designated_year > 2000", words="丙规则"),
        "file": rule(scope="refusal", words="丁规则"),
        "across": rule(scope="unit", levels=["county"], expression="member_count > 0", words="戊规则"),
    }
    sheet = opened(catalogue, tmp_path, rulebook=RuleBook(given))["填报说明"]
    texts = {str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert {"甲规则", "县(市、区)：戊规则"} <= texts
    assert not {"乙规则", "丙规则", "丁规则"} & texts


def test_a_rule_of_a_row_colours_its_cells_when_broken(catalogue: Catalogue, tmp_path: Path):
    book = RuleBook({"a": rule(form="population", expression="infant_family_count <= infant_count")})
    sheet = opened(catalogue, tmp_path, rulebook=book)[sheet_name(catalogue.forms["population"])]
    [(place, [condition])] = [
        (str(key.sqref), [str(r.formula[0]) for r in key.rules])
        for key in sheet.conditional_formatting
        if not str(key.rules[0].formula[0]).startswith("COUNT(")  # a total of nothing, which shows nothing
    ]
    infants, families = (column_of(sheet, label) for label in ("0—3岁婴幼儿数", "婴幼儿家庭数"))
    letters = [openpyxl.utils.get_column_letter(n) for n in sorted((infants, families))]
    assert re.sub(r"\d+", "", place) == f"{letters[0]}:{letters[1]}"
    # By INDEX in the line at hand: no cell that may be cut away is named.
    assert f"ROW(),{families})<=INDEX(" in condition
    assert not re.search(r"\$[A-Z]+(?!\$)\d", condition)


def test_the_sheet_of_live_checks_tells_rules_of_a_row_of_a_unit_and_of_the_catalogue_apart(
    catalogue: Catalogue, tmp_path: Path
):
    given = {
        "row": rule(id="a.row", form="population", expression="infant_count IS NOT NULL", words="甲规则"),
        "unit": rule(
            id="a.unit", scope="unit", levels=["township"], severity="info", words="乙规则",
            expression="member_count <= resident_population_count",
        ),
        "before": rule(
            id="a.before", scope="unit", levels=["township"], words="丙规则",
            expression="member_count >= prev(member_count)",
        ),
        "total": rule(id="a.total", scope="total", check="sheet", words="丁规则"),
    }  # fmt: skip
    book = opened(catalogue, tmp_path, rulebook=RuleBook(given))
    lines = [row for row in book["审核"].iter_rows(min_row=14, max_col=10, values_only=True) if row[0]]
    assert [(line[1], line[2], line[3], line[9]) for line in lines] == [
        ("年2表", "0—3岁婴幼儿数已填", "强制性", "a.row"),
        ("年1表、年2表", "乙规则", "提示性", "a.unit"),
        ("各表", "丁规则", "强制性", "a.total"),
    ]
    assert [cell.value for cell in book["表间汇总"][3]] == [
        "单位代码", "单位名称", "年1表\n个人会员数", "年2表\n常住人口数",
    ]  # fmt: skip


def test_a_measure_that_counts_rows_of_units_is_summed_too(catalogue: Catalogue, tmp_path: Path):
    counted = rule(scope="unit", levels=["county"], expression="association_count > 0")
    book = opened(catalogue, tmp_path, rulebook=RuleBook({"a": counted}))
    formula = book["表间汇总"]["C4"].value.text
    assert "MMULT" in formula
    assert '="是"' in formula
