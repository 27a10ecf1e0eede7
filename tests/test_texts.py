"""Texts that a reader takes for the same are the same, everywhere: one fold, in Python and in polars."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.example_counts import examples
from tests.judged_files import findings
from tests.workbooks import FIRST, Grid, column, conformed, save_xlsx, sheet, workbook
from warehouse.words.folding import BLANK, INVISIBLE, drop_brackets, fold, fold_column, row_word, show_column

ASSIGNED = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cs", "Cn")]
TEXT = st.text(st.one_of(st.sampled_from(ASSIGNED), st.sampled_from("Σσς（⼀⺠\u200b\ufe0f \n一民(")))

SAME_NAMES = [
    "幸福暖心家园（⼀）",
    "幸福暖心家园(一)",
    "幸福暖心家园㈠",
    "幸福暖心\u200b家园(一)",
    "幸福暖心\u202e家园(一)",
    "幸福 暖心家园(一)",
    "幸福暖心家园【一】",
    "幸福暖心家园\ufe0f(一)",
    "幸福暖心家园(一)\U000e0101",
    "幸福\u00ad暖心家园(一)",
    "幸福暖心家园\n(一)",
]


def test_texts_are_compared_without_width_blanks_and_brackets() -> None:
    assert fold(" （０—３岁）\n婴幼儿　数 ") == "(0-3岁)婴幼儿数"
    assert drop_brackets("村(社区)名称((a)b)") == "村名称"


@pytest.mark.parametrize("other", SAME_NAMES)
def test_what_looks_the_same_folds_to_the_same(other: str) -> None:
    assert fold(other) == fold("幸福暖心家园（一）")


@pytest.mark.parametrize(
    ("one", "other"), [("民", "⺠"), ("⾦", "金"), ("⻄", "西"), ("—", "-"), ("〔", "("), ("㇐", "一"), ("○", "〇"), ("“", "")]
)  # fmt: skip
def test_radicals_strokes_and_signs_are_the_characters_they_look_like(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("other", ["幸福暖心家园(二)", "幸福家园(一)", "福幸暖心家园(一)"])
def test_what_looks_different_stays_different(other: str) -> None:
    assert fold(other) != fold("幸福暖心家园（一）")


def test_python_and_polars_fold_every_character_alike() -> None:
    frame = pl.DataFrame({"text": ASSIGNED}).with_columns(fold=fold_column(pl.col("text")))
    assert [pair for pair in frame.iter_rows() if fold(pair[0]) != pair[1]] == []


@settings(max_examples=examples(500))
@given(TEXT)
def test_python_and_polars_fold_every_text_alike_and_once_is_enough(text: str) -> None:
    assert pl.select(fold_column(pl.lit(text))).item() == fold(text)
    assert fold(fold(text)) == fold(text)


def test_every_space_control_and_format_character_is_blank() -> None:
    frame = pl.DataFrame({"text": ASSIGNED}).with_columns(is_blank=pl.col("text").str.contains(f"^{BLANK}$"))
    blank = {"Zs", "Zl", "Zp", "Cc", "Cf"}
    assert [t for t, found in frame.iter_rows() if unicodedata.category(t) in blank and not found] == []
    seen = frame.filter(pl.col("text").str.contains(INVISIBLE))["text"]
    assert not any(text.isspace() for text in seen if text not in "\x1c\x1d\x1e\x1f")


def test_a_heading_word_of_a_row_is_known_with_blanks_colon_and_bracket() -> None:
    words = pl.DataFrame({"word": ["合  计：", "合计(全县)", "总 计", "合计、", None]})
    assert words.select(row_word(pl.col("word"))).to_series().to_list() == [
        "合计",
        "合计",
        "总计",
        "合计",
        None,
    ]
    assert pl.select(show_column(pl.lit("\u200b２６ "))).item() == "26"


# ------------------------------------------------------------------------------------------------- rosters
def duplicates(path: Path, rows: Grid) -> list[str]:
    found = findings(save_xlsx(path, workbook(warm_home=rows)))
    return found.filter(rule="column.unique")["message"].to_list()


@pytest.mark.parametrize("other", [*SAME_NAMES, "幸福暖心家园（一）"])
def test_a_site_listed_twice_is_found_however_its_name_is_written(tmp_path: Path, other: str) -> None:
    rows = sheet("warm_home", {"371602001": "市中街道", "": "市中街道"})
    name = column("warm_home", "name")
    rows[FIRST][name], rows[FIRST + 1][name] = "幸福暖心家园（一）", other
    assert len(duplicates(tmp_path / "a.xlsx", rows)) == 2
    rows[FIRST + 1][name] = "幸福暖心家园（二）"
    assert duplicates(tmp_path / "a.xlsx", rows) == []


def test_a_name_with_an_invisible_character_is_read_with_a_note(tmp_path: Path) -> None:
    rows = sheet()
    rows[FIRST][1] = "市中\u200b街道"
    rows[FIRST][column("population", "household_count")] = "26\u200e7\ufe0f"
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert result.problems.filter(~pl.col("rule").str.starts_with("read.missing")).is_empty()
    assert result.forms["population"]["household_count"].to_list() == [267, 12]
    assert sorted(result.notes.select("cell", "fix", "value").rows()) == [
        ("B5", "invisible", "市中街道"),
        ("D5", "invisible", "267"),
    ]


def test_a_site_whose_name_has_an_invisible_character_keeps_it_and_has_a_note(tmp_path: Path) -> None:
    rows = sheet("warm_home", {"371602001": "市中街道"})
    written = "幸福暖心家园(第一处)\u200b"
    rows[FIRST][column("warm_home", "name")] = written
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(warm_home=rows)))
    assert result.forms["warm_home"]["name"].to_list() == [written]
    assert result.notes["fix"].to_list() == ["invisible"]


@pytest.mark.parametrize("text", ["\u200b", "\ufeff \u3000", "\u2800"])
def test_a_cell_in_which_nothing_can_be_seen_is_blank(tmp_path: Path, text: str) -> None:
    rows = sheet()
    rows[FIRST][column("population", "household_count")] = text
    rows.append([text, *[""] * (len(rows[0]) - 1)])
    result = conformed(save_xlsx(tmp_path / "a.xlsx", workbook(population=rows)))
    assert result.forms["population"]["household_count__state"].to_list() == ["not_reported", "value"]
    assert result.problems.filter(pl.col("rule").str.starts_with("conform.")).is_empty()
