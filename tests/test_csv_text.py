"""What others wrote is text in a CSV file: no table program runs it, and nothing else is changed."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.exporting.csv_text import write_csv

DANGEROUS = tuple("=+-@\t\r|＝＋－＠")


def cells(frame: pl.DataFrame) -> list[list[str]]:
    return list(csv.reader(io.StringIO(write_csv(frame))))


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://a.b","点")',
        "+cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "-2+3+cmd|' /C calc'!A0",
        " =1+1",
        "\t=1",
        "＝1+1",
    ],
)
def test_a_text_that_begins_like_a_formula_is_written_as_text(text: str) -> None:
    assert cells(pl.DataFrame({"名称": [text, "甲"]}))[1:] == [["'" + text], ["甲"]]


@pytest.mark.parametrize("text", ["-", "-5", "+3.5", "-1,200", "12%", "—", "甲=乙", "", "2024-01-15"])
def test_numbers_and_other_texts_stay_as_they_are(text: str) -> None:
    assert cells(pl.DataFrame({"名称": ["甲", text]}))[2:] == [[text]]


def test_names_of_columns_and_lists_are_texts_too() -> None:
    frame = pl.DataFrame({"=1": [["=2", "b"]], "n": [-1.5]})
    assert cells(frame) == [["'=1", "n"], ["'=2、b", "-1.5"]]


@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1)
)
def test_no_text_whatever_comes_out_as_a_formula(texts: list[str]) -> None:
    for [written], text in zip(cells(pl.DataFrame({"a": texts}))[1:], texts, strict=True):
        assert written.removeprefix("'") == text or written == text
        plain = written.strip()
        if plain.startswith(DANGEROUS) and plain != "-":
            float(plain.replace(",", "").rstrip("%"))
