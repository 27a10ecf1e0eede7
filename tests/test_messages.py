"""What a message says: in a mail everything, in a chat no number of a unit's; bounded, and harmless whatever is quoted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.clock import TIME_ZONE
from flows.dispatch.channels import MESSAGE_BYTES, split_into_pages
from flows.telling.markdown_page import render_page
from flows.telling.matters import MATTER
from flows.telling.messages import write_message
from flows.telling.news import Known, News
from warehouse.catalogue.frames import empty, shaped

AT = datetime(2025, 1, 21, 2, 5, tzinfo=TIME_ZONE)
CITY = "滨州市计划生育协会"


def matter(number: int = 1, **bent: Any) -> dict[str, Any]:
    return {
        "matter": f"m{number}",
        "subject": f"m{number}",
        "unit_code": "371603",
        "year": 2024,
        "rule": "warm.claims",
        "severity": "critical",
        "who": "沾化区 2024",
        "topic": "年5表不符合“理赔人数 ≤ 投保人数”",
        "place": f"年5表 G{number}（富国街道 理赔人数）",
        "what": "理赔人数3大于投保人数1",
        "todo": "请核对后改正。",
        "todo_by": "unit",
    } | bent


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema_overrides=MATTER).pipe(shaped, MATTER) if rows else empty(MATTER)


def written(*rows: dict[str, Any], is_brief: bool, **others: Any) -> str:
    kept = others.pop("kept", frame())
    news = News(
        frame(*rows),
        kept,
        others.pop("solved", ()),
        others.pop("events", ()),
        bool(others.pop("well", False)),
    )
    return write_message(news, CITY, AT, is_brief=is_brief).text


def test_a_mail_says_unit_place_what_and_what_to_do() -> None:
    text = written(matter(), is_brief=False)
    line = "| 强制性 | 沾化区 2024 | 年5表 G1（富国街道 理赔人数）：理赔人数3大于投保人数1 | 请核对后改正。 |"
    assert line in text


def test_a_chat_says_unit_and_kind_without_a_number_of_the_units() -> None:
    text = written(matter(), is_brief=True)
    assert "沾化区 2024：年5表不符合“理赔人数 ≤ 投保人数”" in text
    assert "大于投保人数1" not in text
    assert "富国街道" not in text


def test_matters_that_are_alike_are_one_line_with_their_number() -> None:
    rows = [matter(n) for n in range(1, 6)]
    mail, chat = written(*rows, is_brief=False), written(*rows, is_brief=True)
    assert "新增（5 处）" in mail
    assert mail.count("| 强制性 |") == 1
    assert "等5处：共 5 处，如理赔人数3大于投保人数1" in mail
    assert "（5 处）" in chat


def test_what_is_as_it_was_is_a_number_by_severity() -> None:
    kept = frame(matter(1), matter(2), matter(3, severity="warning", unit_code="371602"))
    assert "与上次通知相同：强制性 2 处，核实性 1 处，涉及 2 个单位" in written(is_brief=False, kept=kept)
    assert "【仍未处理】3 处，与上次相同（强制性 2，核实性 1）" in written(is_brief=True, kept=kept)


def test_what_is_settled_is_named_once_for_those_alike() -> None:
    one = Known(date(2025, 1, 20), "x", "沾化区 2024", "逾期未报送", "critical")
    assert "- 沾化区 2024　逾期未报送（2 处）" in written(is_brief=False, solved=(one, one))


def test_only_the_administrators_own_work_is_asked_of_them_in_a_chat() -> None:
    theirs = matter(todo="请催报。", todo_by="administrator")
    assert "请催报。" in written(theirs, is_brief=True)
    assert "请核对后改正。" not in written(matter(), is_brief=True)


@pytest.mark.parametrize("is_brief", [True, False])
def test_the_worst_night_stays_readable_and_says_how_much_it_leaves_out(is_brief: bool) -> None:
    rows = [
        matter(n, topic=f"年{n}表不符合“{'很长的要求' * 8}”", unit_code=str(371600 + n), who=f"单位{n} 2024")
        for n in range(3000)
    ]
    text = written(*rows, is_brief=is_brief)
    listed = 15 if is_brief else 100
    assert f"另有 {3000 - listed} 处" in text
    if is_brief:
        assert len(list(split_into_pages(text, MESSAGE_BYTES))) <= 3


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_of_a_workbook_becomes_markup(what: str, who: str) -> None:
    text = written(matter(what=f"<b>{what}|</b>", who=who), is_brief=False)
    page = render_page(text, "t")
    assert page.count("<table>") == 1
    assert page.count("<tr>") == 2
    assert "<b>" not in page


def test_a_week_without_anything_open_is_said_in_a_sentence() -> None:
    assert "一周以来没有待处理的事项" in written(is_brief=True, well=True)
