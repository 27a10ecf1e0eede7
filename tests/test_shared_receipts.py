"""Very many refused files of one unit share a receipt, in which each of them is named with a sentence of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.answer.addressing import address_shared
from flows.answer.receipts import UNKNOWN_UNIT
from flows.answer.shared_receipts import ALONE, select_repeated, select_shared, write_refused, write_repeated
from flows.receiving.receive import Repeated
from tests.receipt_office import HEAD, HUIMIN, Office, cells, submission
from warehouse.catalogue.contacts import Contacts, Person

MANY = ALONE + 1


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def refused(count: int = MANY, unit: str | None = None, **bent: Any) -> list[dict[str, Any]]:
    return [
        submission(
            f"{unit}{n}.xlsx", decision="refused", unit_code=unit, year=None, **{"reason": "打不开。", **bent}
        )
        for n in range(count)
    ]


def share(office: Office, rows: list[dict[str, Any]], mailed: tuple[str, ...] = ()) -> list[pl.DataFrame]:
    office.write(rows)
    return select_shared(office.known, mailed)


def test_a_shared_receipt_names_every_file_with_its_own_sentence(office: Office) -> None:
    rows = [*refused(), *refused(1, reason="该文件设有打开密码。请取消打开密码。", file_name="密.xlsx")]
    [shared] = share(office, rows)
    receipt = write_refused(office.tonight, shared)
    [page] = receipt.pages
    text = page.read_text(encoding="utf-8")
    for number, row in enumerate(rows, 1):
        assert cells(text, row["submission"]) == [
            str(number), row["file_name"], row["reason"], row["submission"]
        ]  # fmt: skip
    assert receipt.submissions == tuple(row["submission"] for row in rows)
    assert cells(text, "报送文件 | 共")[1] == f"共 {len(rows)} 个"
    assert cells(text, "处理结果")[1] == "**未能接收**"
    assert page.parent.name == UNKNOWN_UNIT
    assert text.rstrip().endswith(f"登记簿第 42 条，校验值 {HEAD.hash}")
    assert "密.xlsx" in page.with_suffix(".html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("count", "shared"), [(ALONE, 0), (MANY, 1)])
def test_a_score_of_refused_files_get_a_receipt_each(office: Office, count: int, shared: int) -> None:
    assert len(share(office, refused(count))) == shared


def test_the_files_of_one_unit_do_not_stand_in_the_receipt_of_another(office: Office) -> None:
    rows = [*refused(unit="371621"), *refused(unit="371622"), *refused(ALONE)]
    parts = share(office, rows)
    pages = [page for part in parts for page in write_refused(office.tonight, part).pages]
    assert [page.parent.name for page in pages] == [HUIMIN, "371622阳信县"]
    assert "371622" not in pages[0].read_text(encoding="utf-8")


def test_what_was_not_refused_or_came_by_mail_keeps_a_receipt_of_its_own(office: Office) -> None:
    rows = refused()
    held = [submission(f"{n}.xlsx", decision="held") for n in range(MANY)]
    assert share(office, [*rows, *held], mailed=(rows[0]["submission"],)) == []


def test_more_files_than_fit_on_a_page_go_on_counted_on_the_next(office: Office) -> None:
    [shared] = share(office, refused(1003))
    first, second = [page.read_text("utf-8") for page in write_refused(office.tonight, shared).pages]
    assert "共 1003 个，分 2 页列出，本页为第 2 页" in second
    assert re.findall(r"^\| (\d+) \|", second, re.MULTILINE) == ["1001", "1002", "1003"]
    assert "| 1000 |" in first


def test_a_file_that_another_version_stands_for_says_so(office: Office) -> None:
    rows = [*refused(unit="371621"), *refused(1, unit="371621", has_earlier=True, file_name="再.xlsx")]
    [shared] = share(office, rows)
    text = write_refused(office.tonight, shared).pages[0].read_text(encoding="utf-8")
    assert cells(text, "再.xlsx")[2] == "打不开。 此前已接收的版本继续有效。"
    assert text.count("此前已接收的版本继续有效") == 1


def test_the_name_of_a_file_cannot_break_the_table(office: Office) -> None:
    [shared] = share(office, refused(file_name="a|b\n---\n# 标题 <script>.xlsx"))
    text = write_refused(office.tonight, shared).pages[0].read_text(encoding="utf-8")
    assert text.count("a｜b --- ＃ 标题 ＜script＞.xlsx") == MANY


def test_the_receipt_of_the_same_files_is_the_same_paper(office: Office) -> None:
    [shared] = share(office, refused())
    [again] = share(office, refused())
    assert write_refused(office.tonight, shared).pages == write_refused(office.tonight, again).pages
    [other] = share(office, refused(MANY + 1))
    assert write_refused(office.tonight, other).pages != write_refused(office.tonight, again).pages


def test_the_clerks_of_a_unit_get_its_shared_receipt_once(office: Office) -> None:
    parts = share(office, [*refused(1003, unit="371621"), *refused()])
    receipts = [write_refused(office.tonight, part) for part in parts]
    clerk = Person(id="wang", name="王某", role="clerk", units=("371621",), mail=("wang@example.cn",))
    [answer] = address_shared(receipts, office.outbox, Contacts({"wang": clerk}), office.tonight.names)
    assert (answer.to, answer.unit, len(answer.files)) == ("wang@example.cn", "371621", 2)
    assert answer.files[0].endswith("_01.md")


def test_many_copies_of_one_file_are_each_named(office: Office) -> None:
    row = submission(decision="refused", reason="打不开。")
    office.write([row])
    known = {row["submission"]: row}
    [copies] = select_repeated([Repeated(row["submission"], f"副本{n}.xlsx") for n in range(MANY)], known)
    [page] = write_repeated(office.tonight, copies, known).pages
    text = page.read_text(encoding="utf-8")
    for n in range(MANY):
        assert "内容完全相同，未重复入库" in cells(text, f"| 副本{n}.xlsx |")[2]
    assert cells(text, "| 副本0.xlsx |")[2].endswith("打不开。")


def test_a_few_copies_of_one_file_are_named_in_one_receipt(office: Office) -> None:
    row = submission()
    office.write([row])
    copies = [Repeated(row["submission"], f"副本{n}.xlsx") for n in range(3)]
    known = {row["submission"]: row}
    assert select_repeated(copies, known) == []
    [path] = set(office.tonight.answer_repeated(copies, known))
    assert cells(path.read_text(encoding="utf-8"), "报送文件")[1] == "副本0.xlsx、副本1.xlsx、副本2.xlsx"
