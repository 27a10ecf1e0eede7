"""The city's own bulletin.yaml: whatever numbers are missing, what is left reads as a sentence; the layout an office expects."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm
from hypothesis import given
from hypothesis import strategies as st

from flows.bulletin.bulletin import Bulletin, Section, Table
from flows.bulletin.sentences import Numbers, Said, say
from flows.bulletin.word_file import write_word_file
from flows.charts.plotted import plot
from tests.figure_rows import figure, figures
from warehouse.catalogue.bulletin import ChartOf, parse_placeholder
from warehouse.catalogue.load import load_catalogue
from warehouse.exchange.exported import Vintage
from warehouse.words.filled_sentences import placeholders

CATALOGUE = load_catalogue()
TEXTS = {p: told.text for p, told in CATALOGUE.bulletin.programmes.items()} | {
    "opening": CATALOGUE.bulletin.opening.text
}
BROKEN = re.compile(r"[，、；：][，、；。：]|。[。，、；]|^[，、；。]|[{}\[\]]|\s|None|nan|\d余余|（）")


def named_in(text: str) -> list[str]:
    return sorted({parse_placeholder(p).indicator for p in placeholders(text)} - {"year"})


def row(indicator: str, value: float | None, change: float | None) -> dict[str, Any]:
    declared = CATALOGUE.indicators[indicator]
    pct = None if change is None or declared.unit in ("%", "位") else change
    return figure(
        indicator, value, unit=declared.unit, decimals=declared.decimals, change=change, change_pct=pct
    )


@given(st.data(), st.sampled_from(sorted(TEXTS)))
def test_whatever_is_missing_what_is_left_reads_as_sentences(data: st.DataObject, told: str) -> None:
    numbers = [
        row(
            name,
            data.draw(st.none() | st.floats(0, 1e8), label=name),
            data.draw(st.none() | st.floats(-99, 400), label=f"{name} over last year"),
        )
        for name in named_in(TEXTS[told])
    ]
    text = say(TEXTS[told], Numbers(2024, figures(*numbers))).text
    assert not BROKEN.search(text), text
    assert text == "" or text.endswith("。")


@pytest.mark.parametrize("programme", sorted(CATALOGUE.programmes))
def test_every_programme_has_a_text_a_chart_with_a_unit_and_its_own_figures(programme: str) -> None:
    told = CATALOGUE.bulletin.programmes[programme]
    assert told.charts
    for name in (
        *told.figures,
        *named_in(told.text),
        *(i for chart in told.charts for i in chart.indicators),
    ):
        assert CATALOGUE.indicators[name].programme == programme
        assert CATALOGUE.indicators[name].unit


def test_every_published_indicator_is_told() -> None:
    told = {name for text in TEXTS.values() for name in named_in(text)}
    assert [i.id for i in CATALOGUE.indicators.values() if i.is_published and i.id not in told] == []


@pytest.fixture(scope="module")
def document() -> Any:
    chart = plot(
        ChartOf(title="个人会员", indicators=("members",)),
        figures(figure("members", 1, year=2023), figure("members", 2)),
        [2023, 2024],
    )
    bulletin = Bulletin(
        title="某市计划生育协会2024年度公报",
        year=2024,
        is_final=False,
        issuer="某市计划生育协会",
        vintage=Vintage("夜", datetime(2025, 2, 1, 2, 0), 7, "0", "0"),  # noqa: DTZ001 - Beijing time, as in the file
        opening=Said(("会员2人。",), ("members",), ""),
        sections=(Section("组织建设", Said(("会员2人。",), ("members",), ""), chart),),
        by_county=Table("分县主要指标", ("单位", "会员（人）"), (("全市", "2"),)),
        notes=("本公报数据为初步统计数。",),
    )
    return Document(io.BytesIO(write_word_file(bulletin)))


def test_the_page_is_a4_with_the_margins_of_an_official_document(document: Any) -> None:
    [section] = document.sections
    assert [m.mm for m in (section.page_width, section.page_height)] == pytest.approx([210, 297], abs=0.1)
    assert [m.mm for m in (section.top_margin, section.bottom_margin)] == pytest.approx([37, 35], abs=0.1)
    width = Mm(156)  # of the text
    between = section.page_width - section.left_margin - section.right_margin
    assert between == pytest.approx(width, rel=0.001)


def test_each_kind_of_paragraph_names_its_chinese_font_and_size(document: Any) -> None:
    looks = {}
    for paragraph in document.paragraphs:
        fonts = paragraph.style.element.rPr.rFonts
        looks[paragraph.style.name] = (fonts.get(qn("w:eastAsia")), paragraph.style.font.size.pt)
    assert looks["公报标题"] == ("方正小标宋简体", 22)  # 2号
    assert looks["公报一级标题"] == ("黑体", 16)  # 3号
    assert looks["公报正文"] == ("仿宋_GB2312", 16)
    assert looks["公报署名"] == ("楷体_GB2312", 16)


def test_fonts_have_another_for_machines_without_them(document: Any) -> None:
    [part] = [rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/fontTable")]
    table = part.blob.decode()
    for font in ("方正小标宋简体", "黑体", "楷体_GB2312", "仿宋_GB2312"):
        assert re.search(rf'w:name="{font}".*?<w:altName', table)


def test_the_chart_is_offices_own_with_title_and_unit(document: Any) -> None:
    [part] = [rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith("/chart")]
    assert "个人会员（人）" in part.blob.decode()
    assert [rel.target_part.partname for rel in part.rels.values()] == ["/word/embeddings/chart1.xlsx"]


def test_pages_are_numbered_at_the_outer_edge(document: Any) -> None:
    [section] = document.sections
    odd, even = (footer.paragraphs[0] for footer in (section.footer, section.even_page_footer))
    assert [p.alignment.name for p in (odd, even)] == ["RIGHT", "LEFT"]
    assert all("PAGE" in p._p.xml for p in (odd, even))
