"""The rule book is complete, its vocabulary is closed, and what it says to a clerk is Chinese."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.rulebook.rulebook import (
    CITY_RULES,
    GENERAL_FOLDER,
    Rule,
    RuleBook,
    load_rules,
    state_demand,
)
from expectations.verdicts.bound_explanations import UNBOUND_RULE
from expectations.verdicts.returned import UNCHANGED_RULE, UNDOING_RULE
from expectations.verdicts.silence import NOTHING_FILLED
from tests.judged_batches import catalogue
from warehouse.catalogue.load import load_catalogue
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.words.filled_sentences import placeholders


@lru_cache(maxsize=1)
def rulebook() -> RuleBook:
    return load_rules(None, catalogue())


RULES = list(rulebook().rules.values())
ROOT = Path(__file__).parent.parent
LATIN = re.compile(r"[A-Za-z]")
ALLOWED_LATIN = ("Excel", "WPS", ".xlsx", ".et")

ID = re.compile(r'"((?:read|conform|refuse|explanation)\.[a-z_]+)"')


def cited_ids() -> set[str]:
    """The ids of problems and refusals that stand in the code of other rooms."""
    files = [path for room in ("transforms", "flows") for path in (ROOT / room).rglob("*.py")]
    cited = {found for path in files for found in ID.findall(path.read_text(encoding="utf-8"))}
    return cited | {NOTHING_FILLED, UNBOUND_RULE, UNCHANGED_RULE, UNDOING_RULE}


def without_allowed(text: str) -> str:
    for word in ALLOWED_LATIN:
        text = text.replace(word, "")
    return text


def test_every_problem_and_refusal_that_other_rooms_cite_is_in_the_rule_book_and_no_other() -> None:
    assert {rule.id for rule in rulebook().of_scope("problem", "refusal")} == cited_ids()


def test_every_form_has_rules_of_its_own() -> None:
    named = {form for rule in RULES for form in rule.forms}
    lacking = set(catalogue().forms) - named - {"sunflower_activity"}
    assert not lacking, f"no rule reads them: {lacking}; CONTRIBUTING.md, A rule"
    assert len(rulebook().of_scope("row", "unit")) >= 80


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_a_rule_says_to_people_is_chinese(rule: Rule) -> None:
    for text in (rule.words, rule.why, rule.fix, re.sub(r"\{[^}]*\}", "", rule.message)):
        assert text
        assert not LATIN.search(without_allowed(text)), text
    assert rule.why.endswith("。")
    assert rule.fix.endswith("。")
    assert not rule.message.endswith(("。", "，")), "the sentence is put together with others"


@pytest.mark.parametrize("rule", rulebook().of_scope("row", "unit"), ids=lambda rule: rule.id)
def test_the_message_of_an_expression_rule_names_a_number_or_an_answer(rule: Rule) -> None:
    blank_is_the_message = "IS NOT NULL" in (rule.expression or "")
    assert placeholders(rule.message) or blank_is_the_message


def test_a_rule_that_compares_with_last_year_can_be_explained() -> None:
    """A year is never held because it differs from the one before: only warnings and hints look back."""
    looking_back = [r for r in rulebook().of_scope("unit") if any(t.function == "prev" for t in r.terms)]
    assert looking_back
    assert {rule.severity for rule in looking_back} == {"warning"}


def test_rendering_says_what_a_rule_demands() -> None:
    rule = rulebook().rules["population.special_members_add_up"]
    assert state_demand(rule, catalogue()) == "失独家庭成员数 ＋ 伤残家庭成员数 ＝ 计生特殊家庭成员数"
    summed = rulebook().rules["organisation.members_within_residents"]
    assert state_demand(summed, catalogue()) == "本级及所辖单位个人会员数合计 ≤ 常住人口数"


def test_a_refusal_is_one_sentence_that_says_how_to_mend_it() -> None:
    assert rulebook().refusal_sentence("refuse.wps_et", None) == (
        "该文件是 WPS 表格（.et）格式且无法识别，请在 WPS 中另存为“Excel 工作簿（.xlsx）”后重新报送。"
    )
    assert "（封面写2031年）" in rulebook().refusal_sentence("refuse.year_out_of_range", "封面写2031年")
    for rule in rulebook().of_scope("refusal"):
        assert "{" not in rulebook().refusal_sentence(rule.id, "")


GOOD: dict[str, Any] = {
    "id": "population.sample",
    "scope": "row",
    "form": "population",
    "expression": "infant_count <= resident_population_count",
    "severity": "warning",
    "message": "{left}，大于{right}",
    "why": "道理。",
    "fix": "请改。",
}


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., RuleBook]:
    def load(**changes: Any) -> RuleBook:
        record = {k: v for k, v in {**GOOD, **changes}.items() if v is not None}
        (tmp_path / "rules.yaml").write_text(yaml.safe_dump([record], allow_unicode=True), encoding="utf-8")
        return load_rules(tmp_path, catalogue())

    return load


def test_a_folder_of_rules_brings_its_own_and_keeps_the_general_ones(loaded: Callable[..., RuleBook]) -> None:
    book = loaded()
    assert [rule.id for rule in book.of_scope("row", "unit")] == ["population.sample"]
    assert book.of_check("required") == rulebook().of_check("required")
    assert book.rules["refuse.empty"] == rulebook().rules["refuse.empty"]


def test_a_folder_of_rules_may_replace_a_general_rule(loaded: Callable[..., RuleBook]) -> None:
    general = rulebook().of_check("required")
    assert general is not None
    book = loaded(
        id=general.id, scope="column", check="required", form=None, expression=None, words="都填", message="{label}未填",
        severity="critical",
    )  # fmt: skip
    assert book.rules[general.id].severity == "critical"
    assert len(book.rules) == len([r for r in RULES if r.scope not in ("row", "unit")])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"form": "populace"}, "报表“populace”没有定义"),
        ({"expression": "infants <= 3"}, "栏目“infants”没有定义，是否应为“infant_count”"),
        ({"expression": "infant_count +"}, "写得不完整"),
        ({"expression": "infant_count <= member_count"}, "在报表“organisation”中；几张报表之间的关系请写 scope: unit"),
        ({"expression": "infant_count + 1"}, "不是判断式"),
        ({"expression": "infant_count = '多'"}, "类型不同"),
        ({"expression": "prev(infant_count) <= infant_count"}, "不能用 prev()"),
        ({"scope": "unit", "form": None, "levels": ["township"], "expression": "registry_village_count > 0"}, "没有定义"),
        ({"scope": "unit", "form": None}, "写明层级"),
        ({"levels": ["village"]}, "没有这一层级的行"),
        ({"message": "{count}太多"}, "{count} 没有定义"),
        ({"message": "{=household_count * 2}太多"}, "“household_count”不在本条的公式之内"),
        ({"expression": "infant_count <= 3 AND infant_count >= 1"}, "不是一个比较式"),
        ({"severity": "fatal"}, "severity"),
        ({"id": "Population"}, "id"),
        ({"colour": "red"}, "colour"),
        ({"field": "infants"}, "field：报表“population”的栏目“infants”没有定义"),
        ({"check": "range"}, "要写 check"),
        ({"scope": "column", "form": None, "expression": None, "check": "sheet"}, "不属于范围“column”"),
        ({"scope": "problem", "form": None, "expression": None}, "要用 words"),
    ],
)  # fmt: skip
def test_a_mistaken_rule_is_answered_with_file_line_and_reason(
    loaded: Callable[..., RuleBook], changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(CatalogueError, match=r"rules\.yaml:\d+: ") as caught:
        loaded(**changes)
    assert says in str(caught.value)


def test_an_id_is_never_used_twice(tmp_path: Path) -> None:
    text = yaml.safe_dump([GOOD, GOOD], allow_unicode=True)
    (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match="已经用过"):
        load_rules(tmp_path, catalogue())


def test_the_files_of_rules_hold_nothing_but_rules() -> None:
    folders = (GENERAL_FOLDER, catalogue().folder / CITY_RULES)
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for f in folders for path in f.glob("*.yaml")]
    assert sum(len(records) for records in files) == len(RULES)


def test_a_copied_catalogue_keeps_every_rule(tmp_path: Path) -> None:
    """Pointed to a copy of its own catalogue, a city was judged by 55 of 162 rules and nobody was told."""
    copied = load_catalogue(shutil.copytree(catalogue().folder, tmp_path / "copy"))
    book = load_rules(None, copied)
    assert book == rulebook()
    assert book.version == rulebook().version
    assert book.warning == ""


def test_a_catalogue_without_rules_of_its_own_says_so(tmp_path: Path) -> None:
    folder = shutil.copytree(catalogue().folder, tmp_path / "copy")
    shutil.rmtree(folder / CITY_RULES)
    book = load_rules(None, load_catalogue(folder))
    assert book.city_rules == []
    assert "没有本市的审核关系" in book.warning


def test_another_catalogue_is_another_version_when_a_rule_of_it_changes(tmp_path: Path) -> None:
    folder = shutil.copytree(catalogue().folder, tmp_path / "copy")
    before = load_catalogue(folder).version
    path = folder / CITY_RULES / "population.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("3 *", "4 *"), encoding="utf-8")
    assert load_catalogue(folder).version != before


def test_a_rule_of_a_citys_form_cannot_hide_among_the_general_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump([GOOD], allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr("expectations.rulebook.rulebook.GENERAL_FOLDER", tmp_path)
    with pytest.raises(CatalogueError, match=r"rules\.yaml:1: 审核关系“population.sample”针对具体报表"):
        load_rules(None, catalogue())
