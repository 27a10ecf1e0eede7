"""What clerks and administrators read: sentences that were once found wanting, as they must be, and a sweep over all others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from expectations.rulebook.rulebook import load_rules
from expectations.verdicts.causes import group_notes_by_cause, list_cells
from flows.answer import receipts
from flows.answer.receipt_sentences import describe_decision, describe_repeat
from flows.cli.commands import night_commands
from flows.settings import Home
from warehouse.catalogue.frames import FINDING, NOTE, shaped
from warehouse.catalogue.load import load_catalogue
from warehouse.ledger.review_entries import (
    RETURNED,
    YEAR_DOUBTED,
    YEAR_LOCKED,
    explain_locked_year,
    explain_return,
)
from warehouse.words import labels
from warehouse.words.day_words import moment_words
from warehouse.words.filled_sentences import fill_plainly

ROOT = Path(__file__).parents[1]
CATALOGUE = load_catalogue()
RULES = load_rules(None, CATALOGUE).rules

# ------------------------------------------------------------------------ sentences, each with the situation it is about

SAID: list[tuple[str, dict[str, str | None], str, str]] = [
    (
        "total.sheet",
        {"label": "会员数", "total": "669", "sum": "671", "difference": "2"},
        "会员数合计669，各行相加为671，相差2",
        "各行无误的，把合计改为各行相加的数",
    ),
    (
        "series.crossed_cells",
        {
            "label": "常住人口数", "value": "13757", "cross_other": "家庭户数", "cross_other_value": "36567",
            "cross_other_previous": "13820", "previous_value": "36737", "cross_rows": None,
        },
        "常住人口数（13757）与家庭户数（36567）疑填反：对调后与上年（36737、13820）相近",
        "请核对后对调",
    ),
    (
        "conform.day_count_date",
        {"label": "换届时间", "value": "1905年7月15日", "detail": "2023.1"},
        "换届时间显示为1905年7月15日，疑原填“2023.1”被表格软件当作天数",
        "请按“2023-01-15”的格式重新填写",
    ),
    (
        "conform.unreadable_boolean",
        {"label": "是否成立计生协", "value": "已并入新贾村委会", "detail": None},
        "是否成立计生协填的是“已并入新贾村委会”，应填“是”或“否”",
        "该村(社区)已撤并的，本行各栏填“不适用”，会员、志愿者计入合并后的单位，并将批文报市级更新名录",
    ),
    (
        "conform.unknown_unit",
        {"value": "新设幸福村委会", "detail": "洋湖乡", "suggestion": None},
        "“新设幸福村委会”（洋湖乡）不在名录内",
        "属新设立的，请附批文报市级增补名录，增补前本行数不读入，列在更正表“未读入的内容”中",
    ),
    (
        "conform.code_name_mismatch",
        {"value": "城南幸福村", "detail": "名录中代码371622103295是城南新村", "suggestion": None},
        "单位代码与单位名称不是同一单位：填写的是“城南幸福村”，名录中代码371622103295是城南新村",
        "单位确已改名的，仍按名录中的原名填报，并将批文报市级",
    ),
    ("refuse.archive", {"detail": None}, "收到的是压缩包，读不出其中的工作簿", "请解压后，报送其中的工作簿"),
    (
        "refuse.own_receipt",
        {},
        "收到的是市级发给你单位的回执，不是报表",
        "“更正表_….xlsx”中改正后报送该表",
    ),
    ("read.nothing_filled", {}, "本工作簿没有填写任何数", "请填写后报送"),
    (
        "series.last_years_workbook",
        {"workbook_same_count": "28", "last_year": "2023"},
        "本工作簿28栏与2023年所报完全相同，疑误用上年工作簿",
        "请改用本年度下发的工作簿",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "known", "message", "fix"), SAID, ids=[each[0] for each in SAID])
def test_a_sentence_says_who_where_which_number_and_what_to_do(
    rule: str, known: dict[str, str | None], message: str, fix: str
) -> None:
    assert fill_plainly(RULES[rule].message, known) == message
    assert fix in RULES[rule].fix


def answered(**more: Any) -> dict[str, Any]:
    return {
        "rule": None, "reason": "", "year": 2024, "decision": "held", "file_state": "held", "critical_count": 0,
        "has_earlier": False, "is_superseded": False, "received_at": "2025-01-12T02:03:00+08:00", "file_name": "年报.xlsx",
        **more,
    }  # fmt: skip


def test_a_returned_file_sent_again_is_told_why_it_was_returned() -> None:
    row = answered(rule=RETURNED, reason=explain_return("年1表漏报两个乡镇"))
    [sentence] = describe_repeat(row)
    assert sentence.startswith("本文件与退回的文件相同。市级")
    assert "年1表漏报两个乡镇" in sentence
    assert "强制性问题" not in sentence


def test_a_file_of_a_locked_year_without_faults_is_told_so() -> None:
    row = answered(rule=YEAR_LOCKED, reason=explain_locked_year(2024))
    nothing = pl.DataFrame(schema={**FINDING, "finding_status": pl.String})
    said = "".join(describe_decision(row, nothing, nothing, nothing))
    assert receipts.describe_result(row) == "暂存（2024年度已锁定）"
    assert "报表本身没有需要改正的问题；如需补报请与市级联系。" in said


def test_a_question_that_comes_back_is_told_as_that() -> None:
    assert labels.FINDING_STATUS["reopened"] == "再次出现"


def test_a_place_is_the_number_of_the_form_the_cell_and_whose_it_is() -> None:
    found = shaped(
        pl.DataFrame(
            {
                "form": ["organisation"], "sheet": ["年1表 计生协组织建设情况"], "cell": ["N12"],
                "org_name": ["椒园社区居民委员会"], "field": ["member_count"],
            }
        ),
        FINDING,
    )  # fmt: skip
    assert list_cells(found, CATALOGUE).to_list() == ["年1表 N12（椒园社区居民委员会 个人会员数）"]


def test_a_number_with_unseen_characters_is_told_as_read() -> None:
    note = {
        "submission": "s", "form": "population", "sheet": "年2表", "cell": "C12", "field": "resident_population_count",
        "fix": "invisible", "raw": "26\u200b700", "value": "26700",
    }  # fmt: skip
    told = group_notes_by_cause(shaped(pl.DataFrame([note]), NOTE), CATALOGUE)
    assert told["value"].to_list() == ["26700（已去掉看不见的字符）"]


def test_the_number_of_the_approval_is_the_citys_to_fill_in() -> None:
    assert "〔2024〕×号" in str(CATALOGUE.settings.in_year(2024).form_set)


# ------------------------------------------------------------------------------------------------------------- the sweep

NAMES = r"Excel|WPS|xlsx|et|ODS|CSV|nianbao(?: \w+)*"
"""What may stand in Latin letters: names of programs and files that clerks know, and commands in what administrators read."""

UNFIT = {
    "the id of a rule": re.compile(r"\b[a-z_]{3,}\.[a-z_]{3,}\b"),
    "a hash": re.compile(r"\b[0-9a-f]{32,}\b"),
    "a moment in ISO": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}"),
    "a path": re.compile(r"(?<![<\w])/(?:[a-z]+/)+"),
    "an English word": re.compile(rf"(?<![A-Za-z.（“])(?!(?:{NAMES})\b)[A-Za-z]{{3,}}"),
    "a word of the program's": re.compile("系统|程序|数据库|字段|正则|异常值|校验码 [0-9a-f]{{9}}"),
}


def rule_texts() -> Iterator[tuple[str, str]]:
    for rule in RULES.values():
        for name in ("message", "many", "why", "fix", "words", "in_correction"):
            if text := re.sub(r"\{[^}]*\}", "", getattr(rule, name)):
                yield f"{rule.id}.{name}", text


def label_texts() -> Iterator[tuple[str, str]]:
    for name in (
        "SEVERITY",
        "LEVEL",
        "UNREAD",
        "FILE_STATE",
        "REPORT_STATE",
        "NORMALISATION",
        "FINDING_STATUS",
    ):
        for code, text in getattr(labels, name).items():
            yield f"labels.{name}.{code}", text
    for step, text in night_commands.STEPS.items():
        yield f"step.{step}", text


def template_texts() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "flows").glob("*.j2")):
        text = re.sub(
            r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        for number, line in enumerate(text.splitlines(), start=1):
            if re.search(r"[\u4e00-\u9fff]", line):
                yield f"{path.name}:{number}", re.sub(r"nianbao(?: [a-z]+)+(?: --[a-z]+)*", "", line)


@pytest.mark.parametrize("texts", [rule_texts, label_texts, template_texts])
def test_no_word_of_the_programs_reaches_a_reader(texts: Any) -> None:
    found = [
        (where, what, pattern.search(text).group())  # type: ignore[union-attr]
        for where, text in texts()
        for what, pattern in UNFIT.items()
        if pattern.search(text)
    ]
    assert found == []


def test_the_sweep_sees_what_it_looks_for() -> None:
    for what, bad in {
        "the id of a rule": "年1表 N12：series.unusual_change",
        "a hash": "校验值 " + "a1" * 32,
        "a moment in ISO": "收到时间 2024-01-02T03:04",
        "a path": "已写入 /srv/nianbao/outbox/",
        "an English word": "无法读取：BadZipFile",
        "a word of the program's": "系统不能替您猜",
    }.items():
        assert UNFIT[what].search(bad), what


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_rule_says_what_to_do(rule: Any) -> None:
    assert re.search(r"请|不必|不用|无误的|属实的", rule.fix), rule.fix
    assert rule.fix.endswith("。")
    assert rule.why.endswith("。")
    assert not rule.message.endswith("。"), "the sentence is put together with what is said of likely cells"


@pytest.mark.parametrize(
    ("folder", "told"), [("", "data/warehouse.duckdb"), ("elsewhere", "数据目录下的 warehouse.duckdb")]
)
def test_where_things_are_is_told_without_the_servers_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, told: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / folder)
    home = Home(tmp_path / "data")
    monkeypatch.setattr(night_commands, "current_installation", lambda: SimpleNamespace(home=home))
    assert night_commands.shorten_path(home.database) == told


def test_moments_are_written_as_an_office_writes_them() -> None:
    assert moment_words("2025-01-12T02:03:04+08:00") == "2025年1月12日 02:03"


def test_what_became_of_a_file_is_called_alike_on_the_terminal_and_in_the_receipt() -> None:
    assert receipts.describe_result(answered(rule=YEAR_DOUBTED)) == "暂存，年度有疑"
    assert receipts.describe_result(answered(rule=None)) == "暂存，待改正"
