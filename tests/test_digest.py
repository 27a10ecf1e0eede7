"""The digest tells the administrator in one page what came, what is held and who is missing."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest

from expectations.rulebook.rulebook import load_rules
from flows.answer.digest import News, write_digest
from warehouse.catalogue.frames import NOTE, SUBMISSION, empty
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.ledger.journal import Head
from warehouse.ledger.review_entries import EMPTY_WORDS
from warehouse.standing.headline import MOVED
from warehouse.standing.outcomes import ASKED, Outcome

HEAD = Head(42, "ab" * 32)
BEIJING = timezone(timedelta(hours=8))
SUBMISSIONS = {
    **SUBMISSION,
    "decision": pl.String,
    "file_state": pl.String,
    "ends_approval": pl.Boolean,
    "has_earlier": pl.Boolean,
    "fixed_count": pl.Int64,
    "reason": pl.String,
    "critical_count": pl.Int64,
    "warning_count": pl.Int64,
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def submission(
    name: str, unit: str | None = "371621", decision: str = "accepted", **bent: Any
) -> dict[str, Any]:
    return {
        "submission": name,
        "unit_code": unit,
        "year": 2024,
        "received_seq": 1,
        "file_name": f"{name}.xlsx",
        "decision": decision,
        "file_state": decision,
        "reason": None if decision == "accepted" else "请改正。",
        "ends_approval": False,
        "critical_count": 0,
        "warning_count": 0,
    } | bent


def finding(submission: str, cell: str = "F17", **bent: Any) -> dict[str, Any]:
    return {
        "submission": submission, "unit_code": "371621", "year": 2024, "severity": "critical", "sheet": "年1表",
        "form": "organisation", "rule": "conform.unreadable_number", "field": "member_count",
        "cell": cell, "message": "会员数不是数字", "fix": "请改。",
    } | bent  # fmt: skip


def standing(
    catalogue: Catalogue,
    units: set[str],
    states: dict[str, str] | None = None,
    extended: dict[str, date] | None = None,
) -> pl.DataFrame:
    """A year's status: ``units`` have an accepted file; of the others ``states`` says what they sent, if anything.

    ``extended``: who was granted a later day than the common one.
    """
    code, common = pl.col("unit_code"), catalogue.settings.deadline.due_date(2024)
    return catalogue.registry.roster(2024).with_columns(
        has_standing=code.is_in(list(units)),
        state=code.replace_strict(states or {}, default="not_received", return_dtype=pl.String),
        due_date=code.replace_strict(extended or {}, default=common, return_dtype=pl.Date),
    )


def digest(
    catalogue: Catalogue,
    submissions: list[dict[str, Any]],
    findings: list[dict[str, Any]] | None = None,
    statuses: dict[int, pl.DataFrame] | None = None,
    day: int = 10,
    left: tuple[str, ...] = (),
    repeated: tuple[str, ...] = (),
    worklists: dict[int, pl.DataFrame] | None = None,
    returned: tuple[str, ...] = (),
    revised: tuple[str, ...] = (),
    **more: Any,
) -> str:
    news = News(
        Outcome(
            pl.DataFrame(submissions, schema=SUBMISSIONS),
            pl.DataFrame(findings or [], schema=ASKED),
            empty(NOTE),
            returned,
            revised=revised,
        ),
        statuses or {},
        left=left,
        repeated=repeated,
        worklists=worklists or {},
        **more,
    )
    at = datetime(2025, 1, day, 2, 0, tzinfo=BEIJING)
    return write_digest(news, catalogue, load_rules(None, catalogue), HEAD, at)


def test_it_begins_with_who_writes_and_what_came(catalogue: Catalogue) -> None:
    text = digest(
        catalogue,
        [
            submission("a"),
            submission("b", "371622"),
            submission("c", "371623", "held"),
            submission("d", None, "refused"),
        ],
    )
    lines = text.splitlines()
    assert lines[0] == "滨州市计划生育协会年报日报　2025年1月10日"
    assert lines[2] == "本次收到 4 份：接收 2 份，暂存 1 份，未能接收 1 份。"


def test_held_and_refused_files_are_named_with_their_reason(catalogue: Catalogue) -> None:
    text = digest(
        catalogue,
        [
            submission("甲", decision="held", reason="有 3 处强制性问题，须改正后重新报送"),
            submission("乙", None, "refused", year=None, reason="该文件是空的，没有任何内容。请重新保存。"),
            submission("丙", "371600", "held"),
        ],
    )
    assert "  惠民县 2024（甲.xlsx）：有 3 处强制性问题，须改正后重新报送\n" in text
    assert "  未识别单位 年度不明（乙.xlsx）：该文件是空的，没有任何内容。请重新保存。\n" in text
    assert "  滨州市本级 2024（丙.xlsx）：请改正。\n" in text
    assert "None" not in text


def test_a_quiet_night_has_no_empty_headings(catalogue: Catalogue) -> None:
    text = digest(catalogue, [submission("a")])
    for heading in ("暂存待改正", "未能接收：", "强制性问题", "尚无", "留在收件箱"):
        assert heading not in text


def test_one_workbook_full_of_errors_does_not_push_out_the_others(catalogue: Catalogue) -> None:
    found = [finding("bad", f"F{n}") for n in range(500)] + [finding("other", "G7", unit_code="371622")]
    other = submission("other", "371622", "held")
    text = digest(catalogue, [submission("bad", decision="held"), other], found)
    assert "强制性问题 501 处，归为 2 条：" in text
    assert (
        "  惠民县 2024　年1表 F0:F499（个人会员数）：“个人会员数”500行填的不是数字，如会员数不是数字\n"
        in text
    )
    assert "  阳信县 2024　年1表 G7（个人会员数）：会员数不是数字\n" in text


def test_warnings_are_not_the_administrators_business(catalogue: Catalogue) -> None:
    assert "会员数" not in digest(catalogue, [submission("a")], [finding("a", severity="warning")])


def test_a_finding_about_the_whole_workbook_has_no_place(catalogue: Catalogue) -> None:
    found = [finding("a", sheet=None, form=None, cell=None, message="缺少工作表“年2表”")]
    assert "  惠民县 2024　整个工作簿：缺少工作表“年2表”\n" in digest(
        catalogue, [submission("a", decision="held")], found
    )


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (10, "截止日期 2025年1月20日，还有 10 天"),
        (20, "截止日期 2025年1月20日，今天截止"),
        (23, "截止日期 2025年1月20日，已过 3 天"),
    ],
)
def test_who_has_not_reported_is_named_with_the_days_left(catalogue: Catalogue, day: int, words: str) -> None:
    units = set(catalogue.registry.roster(2024)["unit_code"]) - {"371621", "371625"}
    text = digest(catalogue, [submission("a")], statuses={2024: standing(catalogue, units)}, day=day)
    assert f"2024年度尚无已接收报表的单位（2 个，{words}）：\n  惠民县、博兴县\n" in text


def test_nobody_is_missing_in_a_year_that_nobody_reports(catalogue: Catalogue) -> None:
    text = digest(
        catalogue,
        [submission("a", decision="refused", year=2031)],
        statuses={2031: standing(catalogue, set())},
    )
    assert "尚无" not in text


def test_a_unit_whose_earlier_file_still_counts_is_not_missing(catalogue: Catalogue) -> None:
    units = set(catalogue.registry.roster(2024)["unit_code"])
    text = digest(catalogue, [submission("a", decision="held")], statuses={2024: standing(catalogue, units)})
    assert "尚无" not in text


def test_a_unit_with_an_extension_is_late_only_after_its_own_day(catalogue: Catalogue) -> None:
    units = set(catalogue.registry.roster(2024)["unit_code"]) - {"371621", "371625"}
    status = standing(catalogue, units, extended={"371625": date(2025, 3, 31)})
    text = digest(catalogue, [submission("a")], statuses={2024: status}, day=23)
    assert "尚无已接收报表的单位（1 个，截止日期 2025年1月20日，已过 3 天）：\n  惠民县\n" in text
    assert (
        "2024年度获准延期、尚无已接收报表的单位（1 个，截止日期 2025年3月31日，还有 67 天）：\n  博兴县\n"
        in text
    )


def test_what_the_missing_have_sent_is_said(catalogue: Catalogue) -> None:
    units = set(catalogue.registry.roster(2024)["unit_code"]) - {"371621", "371622", "371625"}
    status = standing(catalogue, units, {"371621": "empty", "371622": "held"})
    text = digest(catalogue, [submission("a")], statuses={2024: status})
    assert "  惠民县（空表）、阳信县（暂存）、博兴县\n" in text


def test_an_empty_workbook_is_counted_and_named_as_one(catalogue: Catalogue) -> None:
    empty_one = submission("空", decision="held", file_state="empty", reason=EMPTY_WORDS)
    text = digest(catalogue, [submission("a"), empty_one])
    assert "本次收到 2 份：接收 1 份，暂存 0 份，空表 1 份，未能接收 0 份。" in text
    assert f"\n空表：\n  惠民县 2024（空.xlsx）：{EMPTY_WORDS}\n" in text
    assert "暂存待改正" not in text


def test_how_few_questions_cover_most_of_the_effect_is_said(catalogue: Catalogue) -> None:
    asked = pl.DataFrame({"cumulative_share_pct": [60.0, 95.5, 100.0, 100.0]})
    text = digest(catalogue, [submission("a")], worklists={2024: asked, 2023: asked.clear()})
    said = "2024年度待办问题 4 处，其中前 2 处占全部影响的 95%：请运行 nianbao review list --year 2024 查看。"
    assert f"\n{said}\n" in text
    assert "2023" not in text


def test_what_stayed_in_the_inbox_is_told_even_on_a_quiet_night(catalogue: Catalogue) -> None:
    sentence = "坏.xlsx：没有读取权限，未能收取，文件仍在收件箱。请修改文件权限后等待下次收取。"
    text = digest(catalogue, [], left=(sentence,))
    assert "本次没有收到新的报送。" in text
    assert f"留在收件箱、未能收取：\n  {sentence}\n" in text


def test_returned_submissions_are_counted_apart_from_received_ones(catalogue: Catalogue) -> None:
    old = submission("old", decision="held")
    text = digest(catalogue, [submission("a"), old], returned=(str(old["submission"]),))
    assert "本次收到 1 份：接收 1 份，暂存 0 份，未能接收 0 份。市级审核退回 1 份。" in text


def test_files_sent_once_more_are_named(catalogue: Catalogue) -> None:
    text = digest(catalogue, [submission("a")], repeated=("再报.xlsx", "三报.xlsx"))
    assert "与以前收到的文件完全相同、未再处理：再报.xlsx、三报.xlsx。\n" in text


def test_it_ends_with_where_to_look_and_the_whole_head_of_the_journal(catalogue: Catalogue) -> None:
    assert digest(catalogue, [submission("a")]).splitlines()[-2:] == [
        "回执和更正表在各单位的发件文件夹中。",
        f"登记簿第 42 条，校验值 {HEAD.hash}",
    ]


def test_who_reported_anew_after_approval_is_named(catalogue: Catalogue) -> None:
    text = digest(catalogue, [submission("a", ends_approval=True), submission("b", "371622")])
    assert "审定以后又重报，数据回到初报，须再次审定：惠民县 2024。" in text


def test_a_file_that_another_of_the_same_night_replaced_is_history(catalogue: Catalogue) -> None:
    first = submission("a", decision="held", reason="有 3 处强制性问题")
    then = submission("b", received_seq=2)
    text = digest(catalogue, [first, then], [finding("a")])
    assert (
        "本次收到 2 份：接收 1 份，暂存 1 份，未能接收 0 份。其中 1 份已被同一单位当晚后来的文件代替" in text
    )
    assert "a.xlsx" not in text
    assert "会员数" not in text


def test_what_is_otherwise_than_at_the_last_digest_is_said(catalogue: Catalogue) -> None:
    text = digest(catalogue, [submission("a", has_earlier=False, fixed_count=3)])
    assert "与上一期相比：新接收 1 个单位（惠民县 2024），已改正问题 3 处。" in text


def test_a_file_that_was_only_judged_anew_is_not_newly_accepted(catalogue: Catalogue) -> None:
    old = submission("old", has_earlier=False, fixed_count=0)
    new = submission("a", "371622", has_earlier=False, fixed_count=0)
    text = digest(catalogue, [old, new], revised=(str(old["submission"]),))
    assert "新接收 1 个单位（阳信县 2024）" in text


def test_published_figures_that_moved_are_listed_with_how_much(catalogue: Catalogue) -> None:
    rows = [
        {"year": 2024, "indicator": "member_count", "value": 262_000.0, "old_value": 261_061.0},
        {"year": 2024, "indicator": "association_village_coverage_pct", "value": 97.0, "old_value": 98.2},
    ]
    text = digest(catalogue, [submission("a")], moved=pl.DataFrame(rows, schema=MOVED))
    assert "公布数有变动的（共 2 项）：" in text
    assert "  2024年 个人会员：261,061 → 262,000人，增加0.4%\n" in text
    assert "个百分点\n" in text


def test_very_many_refused_files_with_one_fault_take_one_line(catalogue: Catalogue) -> None:
    fault = {"decision": "refused", "unit": None, "year": None, "reason": "该文件是空的。"}
    files = [submission(f"{number:03}", **fault) for number in range(30)]
    text = digest(catalogue, [*files, submission("另一个", **fault | {"reason": "打不开。"})])
    assert "未识别单位 年度不明（000.xlsx 等 30 个文件）：该文件是空的。" in text
    assert "未识别单位 年度不明（另一个.xlsx）：打不开。" in text
    assert "001.xlsx" not in text


def test_a_few_refused_files_with_one_fault_are_each_named(catalogue: Catalogue) -> None:
    text = digest(catalogue, [submission(f"{number:03}", decision="refused") for number in range(3)])
    assert all(f"{number:03}.xlsx" in text for number in range(3))


def test_refused_files_with_very_many_faults_are_counted_beyond_a_page(catalogue: Catalogue) -> None:
    files = [submission(f"{n:03}", decision="refused", reason=f"缺少第{n}表。") for n in range(130)]
    assert "其余（30 个文件）：逐个见发件文件夹中的回执。" in digest(catalogue, files)


def test_very_many_files_that_came_again_or_stayed_are_counted(catalogue: Catalogue) -> None:
    names = tuple(f"{number:03}.xlsx" for number in range(130))
    text = digest(
        catalogue, [submission("a")], repeated=names, left=tuple(f"{n}：留待下次收取。" for n in names)
    )
    assert "019.xlsx 等 130 个文件。" in text
    assert "  其余 30 个文件也留在收件箱。" in text
