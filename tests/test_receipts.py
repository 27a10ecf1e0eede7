"""A receipt says in Chinese what became of a file, where each error stands and how to mend it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from flows.answer.receipts import UNKNOWN_UNIT, find_outbox_folder
from flows.receiving.receive import Repeated
from tests.receipt_office import HEAD, HUIMIN, Office, cells, finding, submission
from warehouse.ledger.review_entries import EMPTY, EMPTY_WORDS, YEAR_LOCKED, explain_locked_year


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_an_accepted_file_has_nothing_left_to_do(office: Office) -> None:
    row = submission()
    [text] = office.write([row])
    assert "已接收" in text
    assert "数据已入库，无须再做处理。" in text
    assert cells(text, "填报单位")[1] == "惠民县"
    assert cells(text, "收到时间")[1] == "2025年1月10日 22:30"
    assert f"文件校验码 {row['submission']}" in text.splitlines()[-1]
    assert office.paths == [office.outbox / HUIMIN / f"回执_2024_20250111_{row['submission'][:8]}.md"]


def test_a_receipt_carries_the_whole_head_of_the_journal(office: Office) -> None:
    [text] = office.write([submission()])
    assert f"滨州市计划生育协会　2025年1月11日 02:00　登记簿第 42 条，校验值 {HEAD.hash}" in text


def test_warnings_do_not_hold_a_file_but_are_to_be_looked_at(office: Office) -> None:
    row = submission(warning_count=1)
    [text] = office.write([row], [finding(row, severity="warning")])
    assert "已接收入库，尚有 1 处需要核实" in text
    assert cells(text, "F17")[1] == "核实性"


def test_an_accepted_file_that_is_asked_more_later_is_not_called_free_of_questions(office: Office) -> None:
    row = submission(critical_count=1)
    [text] = office.write([row], [finding(row), finding(row, severity="warning", cell="F18")])
    assert (
        "已接收入库；重新核对时另有 1 处强制性问题、1 处核实性问题，请按下表改正后重新报送整个工作簿。"
        in text
    )
    assert "没有需要改正" not in text


def test_a_held_file_names_each_cell_and_how_to_mend_it(office: Office) -> None:
    row = submission(decision="held", critical_count=1, reason="有 1 处强制性问题，须改正后重新报送")
    [text] = office.write([row], [finding(row)])
    assert "暂存，待改正" in text
    assert "本次报送有 1 处强制性问题，暂未入库。\n" in text
    assert cells(text, "F17") == [
        "1", "强制性", "年1表 F17（椒园社区 个人会员数）", "个人会员填的是“约三百”，不是数字",
        "请只填数字，不带文字和单位。", "",
    ]  # fmt: skip
    assert text.splitlines()[-1].endswith("审核关系编号：conform.unreadable_number")


def test_a_held_file_says_whether_an_earlier_version_still_stands(office: Office) -> None:
    stands = "此前已接收的版本继续有效"
    for has_earlier in (True, False):
        [text] = office.write([submission(decision="held", critical_count=1, has_earlier=has_earlier)])
        assert (stands in text) is has_earlier


def test_an_empty_workbook_is_answered_with_one_sentence(office: Office) -> None:
    row = submission(
        decision="held",
        file_state="empty",
        rule=EMPTY,
        critical_count=25,
        reason=EMPTY_WORDS,
        has_earlier=True,
    )
    lines = office.write([row])[0].splitlines()
    assert cells("\n".join(lines), "处理结果")[1] == "**空表**"
    assert lines[lines.index(EMPTY_WORDS) + 1] == "此前已接收的版本继续有效。"
    assert not [line for line in lines if "25" in line and line.startswith("本次")]
    assert "审核发现" not in "\n".join(lines)


def test_a_file_held_because_the_year_is_locked_is_not_told_to_mend_and_send_again(office: Office) -> None:
    row = submission(decision="held", rule=YEAR_LOCKED, critical_count=3, reason=explain_locked_year(2024))
    [text] = office.write([row], [finding(row)])
    assert explain_locked_year(2024) in text.splitlines()
    assert "请按下表改正" not in text
    assert "报表本身没有需要改正的问题" not in text
    [text] = office.write([submission(decision="held", rule=YEAR_LOCKED, reason=explain_locked_year(2024))])
    assert cells(text, "处理结果")[1] == "**暂存（2024年度已锁定）**"
    assert "报表本身没有需要改正的问题；如需补报请与市级联系。" in text.splitlines()


def test_what_was_blanked_is_not_counted_as_mended(office: Office) -> None:
    [text] = office.write([submission(previous="f" * 64, fixed_count=1, blanked_count=2)])
    assert "与上次报送相比，已改正 1 处，改为未报 2 处（不算改正），仍未处理 0 处，新出现 0 处。" in text


def test_a_refused_file_leaves_the_earlier_version_standing_and_says_so(office: Office) -> None:
    row = submission(decision="refused", reason="打不开。", has_earlier=True)
    lines = office.write([row])[0].splitlines()
    assert lines[lines.index("打不开。") + 1] == "此前已接收的版本继续有效。"


def test_a_file_after_which_another_was_accepted_says_that_the_later_one_counts(office: Office) -> None:
    texts = office.write([submission(is_superseded=True), submission("二.xlsx")])
    assert ["以后收到的为准" in text for text in texts] == [True, False]


@pytest.mark.parametrize(
    ("first", "sentence"),
    [
        ({}, "如需更正，请在工作簿中改正并保存后重新报送。"),
        ({"decision": "held", "critical_count": 1}, "强制性问题尚未改正"),
        ({"decision": "refused", "reason": "打不开。"}, "打不开。"),
        ({"is_superseded": True}, "仍以后收到的为准"),
    ],
)
def test_a_file_sent_once_more_hears_what_became_of_it_the_first_time(
    office: Office, first: dict[str, Any], sentence: str
) -> None:
    row = submission(**first)
    office.write([row])
    again = [Repeated(row["submission"], "再报.xlsx")]
    [path] = office.tonight.answer_repeated(again, {row["submission"]: row})
    text = path.read_text(encoding="utf-8")
    assert path == office.paths[0].with_name(f"{office.paths[0].stem}_重复.md")
    assert cells(text, "报送文件")[1] == "再报.xlsx"
    assert "与 2025年1月10日 22:30 收到的“惠民县年报.xlsx”内容完全相同，未重复入库" in text
    assert sentence in text


def test_a_refused_file_says_what_is_wrong_and_how_to_mend_it(office: Office) -> None:
    reason = "该文件设有打开密码，系统无法打开。请取消打开密码，重新保存后报送。"
    row = submission("年报.xlsx", decision="refused", unit_code=None, year=None, reason=reason)
    [text] = office.write([row])
    assert reason in text.splitlines()
    assert cells(text, "填报单位")[1] == UNKNOWN_UNIT
    assert cells(text, "报告年度")[1] == "未识别"
    assert office.paths[0].parent.name == UNKNOWN_UNIT
    assert "None" not in text


def test_an_unreadable_file_of_a_known_unit_is_answered_in_its_folder(office: Office) -> None:
    [text] = office.write([submission("年报.et", decision="refused", year=None, reason="打不开。")])
    assert office.paths[0].parent.name == HUIMIN
    assert cells(text, "填报单位")[1] == "惠民县"


def test_a_file_name_cannot_break_the_page(office: Office) -> None:
    row = submission("a|b\n# 标题 <script>.xlsx")
    [text] = office.write([row])
    assert cells(text, "报送文件")[1] == "a｜b ＃ 标题 ＜script＞.xlsx"


def test_what_a_clerk_typed_cannot_break_the_table(office: Office) -> None:
    row = submission(decision="held", critical_count=1)
    [text] = office.write(
        [row], [finding(row, message="填的是“3|4\n5\x00”", suggestion="某|村", sheet="a|b", cell=None)]
    )
    line = cells(text, "某｜村")
    assert line[2:4] == ["a｜b", "填的是“3｜4 5 ”（是否为“某｜村”？）"]


def test_a_suggestion_is_offered_once(office: Office) -> None:
    row = submission(decision="held", critical_count=2)
    said = finding(
        row, cell="B1", message="单位“彭李街”不在名录中，是否应为“彭李街道”", suggestion="彭李街道"
    )
    unsaid = finding(row, cell="B2", message="单位“彭李街”不在名录中", suggestion="彭李街道")
    [text] = office.write([row], [said, unsaid])
    assert [line.count("彭李街道") for line in text.splitlines() if "彭李街" in line] == [1, 1]


def test_a_finding_about_no_cell_concerns_the_whole_workbook(office: Office) -> None:
    row = submission(decision="held", critical_count=1)
    [text] = office.write(
        [row], [finding(row, sheet=None, form=None, cell=None, message="缺少工作表“年2表”")]
    )
    assert cells(text, "缺少工作表")[2] == "整个工作簿"


def test_blocking_findings_come_first(office: Office) -> None:
    row = submission(decision="held", critical_count=1)
    found = [
        finding(row, severity=severity, message=severity)
        for severity in ("info", "warning", "critical", "warning")
    ]
    [text] = office.write([row], found)
    table = [line.split("|")[2].strip() for line in text.splitlines() if re.match(r"\| \d", line)]
    assert table == ["强制性", "核实性", "核实性", "提示性"]


def test_a_column_that_is_wrong_in_every_row_is_one_line(office: Office) -> None:
    """A rule and a column with range and count: 394 lines that say the same told nobody anything."""
    row = submission(decision="held", critical_count=394)
    blank = [
        finding(
            row, rule="column.required", cell=f"D{n}", field="has_association", message="是否成立计生协未填"
        )
        for n in range(10, 404)
    ]
    [text] = office.write([row], blank)
    assert "审核发现（共 394 处，归为 1 条）" in text
    assert cells(text, "394")[2:4] == ["年1表 D10:D403（是否成立计生协）", "“是否成立计生协”394行未填"]


def test_stretches_of_a_column_are_named_and_the_first_case_is_the_example(office: Office) -> None:
    row = submission(decision="held", critical_count=5)
    found = [finding(row, cell=f"F{n}", message=f"第{n}行 甲村：第{n}个") for n in (7, 3, 4, 20, 30)]
    [text] = office.write([row], found)
    line = next(line for line in text.splitlines() if line.startswith("| 1 |"))
    assert "年1表 F3:F4、F7、F20 等处（个人会员数）" in line
    assert "“个人会员数”5行填的不是数字，如甲村：第3个" in line


def test_a_few_of_one_cause_keep_their_own_numbers(office: Office) -> None:
    row = submission(decision="held", critical_count=3)
    [text] = office.write([row], [finding(row, cell=f"F{n}", message=f"填的是“{n}”") for n in (9, 8, 7)])
    assert [cells(text, f"填的是“{n}”")[0] for n in (7, 8, 9)] == ["1", "2", "3"]


def test_lines_stand_in_the_order_of_the_forms_not_of_their_names(office: Office) -> None:
    row = submission(decision="held", critical_count=2)
    late = finding(row, form="family_health", sheet="年8表", field="instructor_count", message="甲")
    early = finding(row, form="youth_activity", sheet="年4-2表", field="session_count", message="乙")
    [text] = office.write([row], [late, early])
    assert [cells(text, word)[0] for word in ("乙", "甲")] == ["1", "2"]


def test_a_list_that_stays_long_is_cut_and_says_how_long_it_is(office: Office) -> None:
    row = submission(decision="held", critical_count=900)
    found = [finding(row, cell=None, form=None, sheet=f"表{n}") for n in range(900)]
    [text] = office.write([row], found)
    assert "审核发现（共 900 处，归为 900 条，下列前 200 条）" in text
    assert len([line for line in text.splitlines() if re.match(r"\| \d", line)]) == 200


def test_ids_and_hashes_stand_at_the_foot_only(office: Office) -> None:
    row = submission(decision="held", critical_count=1)
    [text] = office.write([row], [finding(row)])
    body, _, foot = text.partition("\n---\n")
    assert "conform.unreadable_number" in foot
    assert row["submission"] in foot
    assert not re.search(r"[0-9a-f]{16}|[a-z]+[._][a-z]+", body.replace(".xlsx", ""))


def test_the_numbers_that_changed_since_the_last_file_are_told(office: Office) -> None:
    row = submission(previous="f" * 64)
    change = {
        "submission": row["submission"], "form": "population", "sheet": "年2表", "cell": "C12", "org_name": "市中街道",
        "item": "", "field": "resident_population_count", "old": "62519", "new": "62591", "change_count": 1,
    }  # fmt: skip
    [text] = office.write([row], changes=[change])
    assert (
        "与上次报送相比，改动 1 个数：年2表 C12（市中街道 常住人口数）62,519 → 62,591。" in text.splitlines()
    )


def test_a_receipt_says_by_when_to_report_whom_to_ask_and_how_much_of_each_form_is_filled(
    office: Office,
) -> None:
    row = submission()
    sheet = {"submission": row["submission"], "form": "population", "filled_count": 90, "blank_count": 2}
    [text] = office.write([row], sheets=[sheet])
    assert cells(text, "报送截止")[1] == "2025年1月20日"
    assert cells(text, "联系方式")[1] == "滨州市计划生育协会办公室"
    assert cells(text, "| 年2表 |")[2:4] == ["90", "2"]


def test_what_follows_from_a_listed_question_is_counted_and_said_to_follow(office: Office) -> None:
    row = submission(decision="held", critical_count=3)
    follows = [finding(row, cell=f"F{n}", place=f"p{n}", is_folded=True) for n in (18, 19)]
    [text] = office.write([row], [finding(row), *follows])
    assert (
        "本次报送有 3 处强制性问题（其中 2 处由下表所列的其他问题引起，改正后一并消除，不另列出），暂未入库。"
        in text
    )
    assert "## 审核发现（共 1 处；另有 2 处由所列问题引起，不另列出）" in text


def test_a_hint_is_never_told_as_left_undone(office: Office) -> None:
    row = submission(previous="f" * 64)
    [text] = office.write([row], [finding(row, severity="info", is_new=False)])
    assert "上次已指出" not in text


def test_days_are_counted_only_while_the_report_is_owed(office: Office) -> None:
    [text] = office.write([submission(decision="held")])
    assert cells(text, "报送截止")[1] == "2025年1月20日，还有 9 天"


def test_texts_of_others_load_nothing_and_link_nowhere(office: Office) -> None:
    """A site named as a Markdown picture made the page fetch it from elsewhere."""
    picture = "![p](http://example.org/x.png) <img src=x> [l](http://example.org)"
    row = submission(picture, decision="held", critical_count=1)
    office.write([row], [finding(row, message=picture, org_name=picture, sheet=picture, form=None)])
    html = office.paths[0].with_suffix(".html").read_text(encoding="utf-8")
    assert not re.search(r"<(img|a)\b", html)


def test_each_receipt_shows_its_own_findings_only(office: Office) -> None:
    one, two = submission("一.xlsx"), submission("二.xlsx", decision="held", critical_count=1)
    texts = office.write([one, two], [finding(two)])
    assert ["F17" in text for text in texts] == [False, True]


def test_what_was_written_differently_is_listed_with_both_spellings(office: Office) -> None:
    row = submission()
    note = {
        "submission": row["submission"], "form": "organisation", "sheet": "年1表", "cell": "G5",
        "field": "member_count", "fix": "full_width", "raw": "１，２００", "value": "1200",
    }  # fmt: skip
    [text] = office.write([row], notes=[note])
    assert "写法已统一的单元格（共 1 处，数值未改动）" in text
    assert cells(text, "G5") == ["年1表 G5（个人会员数）", "１，２００", "1200"]


def test_tables_stand_apart_from_the_text_around_them(office: Office) -> None:
    """Markdown needs an empty line before a table."""
    row = submission(decision="held", critical_count=1)
    [text] = office.write([row], [finding(row)])
    for block in re.split(r"\n\s*\n", text):
        lines = block.splitlines()
        is_row = [line.startswith("|") for line in lines]
        assert all(is_row) or not any(is_row), block


def test_the_city_itself_has_a_folder_of_its_own(office: Office) -> None:
    office.write([submission(unit_code="371600")])
    assert office.paths[0].parent.name == find_outbox_folder("371600", "滨州市本级")


def test_lines_of_one_row_stand_in_the_order_of_its_columns(office: Office) -> None:
    row = submission(decision="held", critical_count=4)
    found = [
        finding(row, cell=f"{column}9", field=field, message=f"栏{column}")
        for column, field in (("AA", "a_count"), ("S", "b_count"), ("G", "z_count"), ("U", "c_count"))
    ]
    [text] = office.write([row], found)
    assert [cells(text, f"栏{column}")[0] for column in ("G", "S", "U", "AA")] == ["1", "2", "3", "4"]


def test_what_comes_back_is_counted_as_that_and_not_as_new(office: Office) -> None:
    row = submission(previous="f" * 64)
    found = [
        finding(row, severity="warning", cell=f"F{n}", finding_status=status, is_new=is_new)
        for n, (status, is_new) in enumerate((("reopened", True), ("open", True), ("open", False)), start=20)
    ]
    [text] = office.write([row], found)
    assert "仍未处理 1 处，新出现 1 处，再次出现 1 处" in text
