"""Text of others is text everywhere: in pages, receipts, messages, subjects, names of files, CSV and workbooks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flows.dispatch.smtp import Letter, MailServer, compose
from flows.exporting.csv_text import write_csv
from flows.exporting.workbook import write_xlsx
from flows.telling.markdown_page import escape_text, render_page
from warehouse.exchange.exported import Exported, ExportedColumn, Vintage
from warehouse.store.connection import open_in_memory

SERVER = MailServer("smtps", "mail.example.cn", 465, "", "", "nianbao@example.cn", None)
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
PIECES = st.sampled_from(
    [
        *(
            "<script>alert(1)</script>",
            "<img src=x onerror=a>",
            "</td>",
            "&lt;b&gt;",
            "<!--",
            "]]>",
            "{{ 7*7 }}",
            "{% a %}",
        ),
        *(
            "[a](javascript:b)",
            "![a](http://b)",
            "<http://a>",
            "http://a.cn",
            "`a`",
            "**a**",
            "_a_",
            "# a",
            "---",
            "| a |",
        ),
        *(
            "\n",
            "\r\n",
            "\n\n",
            "\r",
            "\0",
            "\t",
            "\u2028",
            "\u202e",
            "\u2066",
            "\ufeff",
            "\x1b[31m",
            "\\",
            "~~a~~",
            "> a",
        ),
        *(
            "=1+1",
            "+1",
            "-1",
            "@a",
            "=cmd|' /C calc'!A0",
            '=HYPERLINK("http://a")',
            "Bcc: a@b.cn",
            "滨城区",
            "3.5",
            "　",
            " ",
        ),
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, min_size=1, max_size=6).map("".join))
LONG = st.sampled_from(["<b>", "|", "甲", "a ", "= "]).map(lambda piece: piece * 20_000)
FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠|]")
NUMBER = re.compile(r"^\s*[+-]?[\d,.]+%?\s*$")


class Tags(HTMLParser):
    """The tags of a page, and what stands in its table cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def page_of(text: str) -> Tags:
    cell = escape_text(text)
    return Tags(
        render_page(
            f"# 回执\n\n- {cell}\n\n{cell}\n\n| 位置 | 问题 |\n| --- | --- |\n| 甲 | {cell} |\n", cell
        )
    )


PLAIN_TAGS = page_of("滨城区").tags


@given(st.one_of(TEXTS, LONG))
def test_a_text_in_a_page_adds_no_tag_and_no_cell(text: str) -> None:
    page = page_of(text)
    assert page.tags == PLAIN_TAGS or not escape_text(text)
    assert not {name for name, _ in page.attributes} & {"src", "href", "onerror", "onload", "style"}


@given(TEXTS)
def test_a_text_is_one_line_without_signs_that_control_a_terminal_or_turn_the_reading_direction(
    text: str,
) -> None:
    line = escape_text(text)
    assert len(line.splitlines()) <= 1
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]", line)


@given(TEXTS)
def test_a_text_in_a_mail_adds_no_header_and_no_recipient(text: str) -> None:
    message = compose(Letter(("a@example.cn",), text, text, render_page(text, text)), SERVER, "计生协", NOON)
    head = message.as_bytes().partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert sorted(names) == sorted({*names})
    assert b"bcc" not in names
    assert message["To"] == "a@example.cn"


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_no_cell_of_a_csv_is_a_formula(texts: list[str]) -> None:
    written = write_csv(pl.DataFrame({"name": texts, "count": [1] * len(texts)}))
    read = pl.read_csv(written.encode(), infer_schema=False)
    for cell in read["name"]:
        assert cell is None or not FORMULA.match(cell) or NUMBER.match(cell) or cell == "-"
    assert read["count"].to_list() == ["1"] * len(texts)


def test_every_cell_of_an_exported_workbook_is_what_it_was(tmp_path: Path) -> None:
    texts = [
        "=1+1",
        "+1",
        "-1",
        "@a",
        "\tb",
        "=cmd|' /C calc'!A0",
        "http://a.cn",
        "<b>",
        "{=1}",
        "0012",
        "滨城区",
    ]
    frame = pl.DataFrame({"name": texts, "value": [1.5] * len(texts)})
    columns = tuple(ExportedColumn(name, dtype) for name, dtype in frame.schema.items())
    with open_in_memory() as connection:
        exported = Exported("mart.a", "", connection, columns, frame.height, Vintage(), "", iter([frame]))
        write_xlsx(tmp_path / "out.xlsx", exported, {})
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["数据"]
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)
    assert {row[1].value for row in sheet.iter_rows(min_row=2)} == {1.5}
