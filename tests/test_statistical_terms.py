"""The id of an indicator promises a kind, a unit and a word; whoever names it otherwise is told."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from warehouse.catalogue.load import load_catalogue
from warehouse.catalogue.models import Indicator
from warehouse.words.statistical_terms import (
    Named,
    find_suffix,
    list_counted,
    list_misnomers,
    list_suffixes,
)

KINDS = set(Indicator.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]
RIGHT = [
    Named("member_count", "会员", "stock", "人", False),
    Named("session_since_2020_count", "2020年以来累计活动", "cumulative", "场次", False),
    Named("paid_cumulative_cny", "累计赔付", "cumulative", "元", False),
    Named("member_per_10k_rank", "每万人会员数位次", "rank", "位", False),
    Named("member_percentile", "会员数百分位", "rank", "%", False),
    Named("talk_consecutive_years", "连续举办讲座年数", "streak", "年", False),
    Named("member_share_pct", "会员占全市比重", "share", "%", False),
    Named("member_yoy_index", "会员发展速度", "change", "%", False),
    Named("member_yoy_pct", "会员同比增长", "change", "%", False),
    Named("coverage_yoy_pp", "覆盖率比上年提高的百分点", "change", "百分点", False),
    Named("member_yoy_count", "会员比上年增加", "change", "人", False),
    Named("paid_yoy_cny", "赔付比上年增加", "change", "元", False),
    Named("village_coverage_pct", "村级覆盖率", "rate", "%", False),
    Named("bereaved_pct", "失独家庭成员占比", "rate", "%", False),
    Named("member_per_10k", "每万人会员数", "rate", "人/万人", False),
    Named("bed_per_1k", "每千人床位数", "rate", "张/千人", False),
    Named("visit_per_100_households", "每百户走访户次", "rate", "户次/百户", False),
    Named("claim_mean_cny", "件均赔付", "rate", "元/件", False),
    Named("member_per_association", "每个协会平均会员数", "rate", "人/个", False),
    Named("paid_cny", "赔付金额", "flow", "元", False),
]
BY_ID = {named.id: named for named in RIGHT}


def mistakes(of: str, **changed: object) -> list[str]:
    """The keys of what is wrong with one of the right names after a change."""
    return [key for key, _ in list_misnomers(replace(BY_ID[of], **changed))]  # type: ignore[arg-type]


@pytest.mark.parametrize("named", RIGHT, ids=lambda named: named.id)
def test_a_right_name_is_left_alone(named: Named) -> None:
    assert list(list_misnomers(named)) == []


def test_every_suffix_has_a_right_name_above_and_what_it_says_of_itself_is_true() -> None:
    found = [find_suffix(named.id) for named in RIGHT]
    named = {suffix[0].ends for suffix in found if suffix}
    rest = {s.ends for s in list_suffixes()} - named
    assert rest == {r"_since_(\d{4})_cny", "_cumulative_count"}  # as their neighbours
    for suffix in list_suffixes():
        assert re.fullmatch(suffix.unit, suffix.example), suffix
        assert set(suffix.kinds) | set(suffix.kinds_if_published) <= KINDS
        assert suffix.meaning.endswith("。")
        if not suffix.shown.endswith("…"):
            assert re.search(f"{suffix.ends}$", suffix.shown)
    assert {counted.word for counted in list_counted()} == {"人次", "户次"}


@pytest.mark.parametrize(
    ("of", "changed", "key"),
    [
        ("member_count", {"kind": "rate"}, "kind"),
        ("member_count", {"kind": "cumulative"}, "kind"),
        ("member_count", {"unit": "%"}, "unit"),
        ("member_count", {"name_zh": "会员占比"}, "name_zh"),
        ("session_since_2020_count", {"name_zh": "2021年以来累计活动"}, "name_zh"),
        ("paid_cumulative_cny", {"unit": "万元"}, "unit"),
        ("member_share_pct", {"name_zh": "会员覆盖率"}, "name_zh"),
        ("member_yoy_pct", {"name_zh": "会员变化"}, "name_zh"),
        ("member_yoy_pct", {"unit": "百分点"}, "unit"),
        ("coverage_yoy_pp", {"unit": "%"}, "unit"),
        ("village_coverage_pct", {"name_zh": "村级比例"}, "name_zh"),
        ("member_per_10k", {"unit": "人/人"}, "unit"),
        ("member_per_10k", {"name_zh": "人均会员数"}, "name_zh"),
        ("member_per_association", {"unit": "人/百个"}, "unit"),
        ("visit_per_100_households", {"name_zh": "每百户走访户数"}, "name_zh"),
        ("visit_per_100_households", {"unit": "户/百户"}, "unit"),
        ("member_per_10k_rank", {"unit": "名"}, "unit"),
        ("talk_consecutive_years", {"name_zh": "举办讲座年数"}, "name_zh"),
    ],
)
def test_a_name_that_promises_something_else_is_told_at_its_key(
    of: str, changed: dict[str, object], key: str
) -> None:
    assert mistakes(of, **changed) == [key]


def test_an_id_without_a_suffix_is_told_which_there_are() -> None:
    ((key, sentence),) = list_misnomers(replace(BY_ID["member_count"], id="members"))
    assert key == "id"
    assert "_per_10k" in sentence
    assert "_yoy_pct" in sentence


def test_what_was_published_keeps_the_name_and_the_id_under_which_it_was() -> None:
    published = Named("case_birth_count", "累计惠及家庭", "cumulative", "户次", True)
    assert list(list_misnomers(published)) == []
    assert [key for key, _ in list_misnomers(replace(published, is_published=False))] == ["kind", "name_zh"]


def test_the_terms_know_every_indicator_of_the_catalogue() -> None:
    assert [i for i in load_catalogue().indicators if find_suffix(i) is None] == []
