"""What is written into the sheet 说明 is read as an explanation, or it is told why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbooks import Grid, cover, read, save_xlsx, sheet
from transforms.reading.file_read import FileRead
from warehouse.words.workbook_texts import ANSWER_BOX, ANSWER_KEYS, ANSWERED, DRAFT_MARK, LAID_OUT, NO_BOX

HEADS = ["序号", "问题", ANSWER_BOX, *ANSWER_KEYS.values(), ANSWERED]


def answered(
    path: Path, text: str, *, rule: str = "total.sheet", beside: str = "", box: str = ANSWER_BOX
) -> FileRead:
    """A correction workbook whose one question is answered with ``text``."""
    keys = ["population", rule, "371602001", "", "household_count", "1"] if rule else [""] * 6
    rows: Grid = [
        ["审核问题与说明", *[""] * len(HEADS)],
        [*(box if head == ANSWER_BOX else head for head in HEADS), ""],
        ["1", "家庭户数偏大", text, *keys, "abc", beside],
    ]
    return read(save_xlsx(path / "a.xlsx", {"封面": cover(), "年2表": sheet(), "说明": rows}))


def unread(result: FileRead) -> list[tuple[str | None, str | None]]:
    return [(p["rule"], p["cell"]) for p in result.problems]


@pytest.mark.parametrize("box", [ANSWER_BOX, "说明(请在本栏填写)", "说明 （请在\n本栏填写）"])
def test_an_explanation_is_read_however_its_head_is_written(tmp_path: Path, box: str) -> None:
    result = answered(tmp_path, "整村搬迁，户数减少", box=box)
    assert [a["text"] for a in result.answers] == ["整村搬迁，户数减少"]
    assert (unread(result), result.answered) == ([], "abc")


@pytest.mark.parametrize("text", ["无", "属实", "已核实", "属实。", " 情况 属实！", "已核实无误", "同上"])
def test_a_word_that_gives_no_reason_is_asked_back(tmp_path: Path, text: str) -> None:
    result = answered(tmp_path, text)
    assert (result.answers, unread(result)) == ([], [("explanation.says_nothing", "C3")])


@pytest.mark.parametrize("text", ["属实，因新建小区入住", "无人居住的户已剔除"])
def test_a_reason_that_begins_like_that_is_an_explanation(tmp_path: Path, text: str) -> None:
    assert len(answered(tmp_path, text).answers) == 1


def test_a_text_where_nothing_can_be_explained_is_told(tmp_path: Path) -> None:
    assert unread(answered(tmp_path, "因搬迁减少", rule="")) == [("explanation.misplaced", "C3")]
    beside = answered(tmp_path, "", beside="因搬迁减少")
    assert [rule for rule, _ in unread(beside)] == ["explanation.misplaced"]


@pytest.mark.parametrize("text", [NO_BOX, LAID_OUT, "", "——", "。"])
def test_what_the_office_wrote_and_signs_are_no_text_of_the_clerk(tmp_path: Path, text: str) -> None:
    assert unread(answered(tmp_path, text, rule="")) == []


def test_last_years_text_is_no_answer(tmp_path: Path) -> None:
    result = answered(tmp_path, f"{DRAFT_MARK}整村搬迁")
    assert (result.answers, unread(result)) == ([], [])
