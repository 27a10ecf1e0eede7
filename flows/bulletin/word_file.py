"""The bulletin as a file for Word, laid out after GB/T 9704 (党政机关公文格式): A4, its margins, fonts and page numbers.

Fonts are named as offices have them (方正小标宋简体, 黑体, 楷体_GB2312, 仿宋_GB2312), each with another for a machine without.
Charts are Office's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.section import WD_SECTION
from docx.enum.table import WD_ALIGN_VERTICAL, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Cm, Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from flows.bulletin.bulletin import Bulletin, Table
from flows.bulletin.chart_parts import add_chart
from flows.bulletin.font_table import name_alternatives
from flows.bulletin.native_charts import draw
from flows.charts.plotted import Plotted


@dataclass(frozen=True)
class _Look:
    """How the paragraphs of a style look; sizes in points."""

    font: str
    size: float
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.JUSTIFY
    indent: bool = False
    before: float = 0
    after: float = 0
    line: float | None = 28.0
    keep_with_next: bool = False


TITLE, HEADING, KAITI, BODY = "方正小标宋简体", "黑体", "楷体_GB2312", "仿宋_GB2312"
LATIN = "Times New Roman"
_CENTRED = WD_ALIGN_PARAGRAPH.CENTER
_LOOKS = {
    "公报标题": _Look(TITLE, 22, _CENTRED, line=36, after=6),
    "公报署名": _Look(KAITI, 16, _CENTRED, after=12),
    "公报一级标题": _Look(HEADING, 16, indent=True, keep_with_next=True),
    "公报正文": _Look(BODY, 16, indent=True),
    "公报图": _Look(BODY, 9, _CENTRED, line=None, before=3, after=3),
    "公报表题": _Look(HEADING, 12, _CENTRED, before=8, after=4, line=None, keep_with_next=True),
    "公报表格": _Look("宋体", 9, _CENTRED, line=None),
    "公报附注": _Look(BODY, 12, WD_ALIGN_PARAGRAPH.LEFT, line=20),
}
_TOP, _BOTTOM, _LEFT, _RIGHT = Mm(37), Mm(35), Mm(28), Mm(26)
_TEXT_WIDTH = Mm(156)
_CHART_WIDTH, _CHART_HEIGHT = Mm(51.5), Mm(43)
_A_ROW = 3
"""So many charts stand side by side."""


def write_word_file(bulletin: Bulletin) -> bytes:
    """``bulletin`` as a .docx."""
    document = Document()
    _set_page(document)
    for name, look in _LOOKS.items():
        _add_style(document, name, look)
    name_alternatives(document)
    _speak_chinese(document)
    document.core_properties.title, document.core_properties.author = bulletin.title, bulletin.issuer
    document.core_properties.comments = bulletin.vintage.words
    document.core_properties.created = document.core_properties.modified = (
        bulletin.vintage.published_at or document.core_properties.created
    )
    document.core_properties.language = "zh-CN"
    document.add_paragraph(bulletin.title, "公报标题")
    document.add_paragraph(bulletin.dated, "公报署名")
    document.add_paragraph(bulletin.opening.text, "公报正文")
    waiting: list[Plotted] = []
    for section in bulletin.sections:
        document.add_paragraph(section.heading, "公报一级标题")
        document.add_paragraph(section.said.text, "公报正文")
        waiting += [section.chart] if section.chart else []
        if len(waiting) == _A_ROW:
            _add_charts(document, waiting)
            waiting = []
    if waiting:
        _add_charts(document, waiting)
    _add_table(document, bulletin.by_county)
    document.add_paragraph("附注", "公报表题").alignment = WD_ALIGN_PARAGRAPH.LEFT
    for number, note in enumerate(bulletin.notes, start=1):
        document.add_paragraph(f"{number}．{note}", "公报附注")
    content = BytesIO()
    document.save(content)
    return content.getvalue()


def _set_page(document: WordDocument) -> None:
    section = document.sections[0]
    section.start_type = WD_SECTION.NEW_PAGE
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = _TOP, _BOTTOM
    section.left_margin, section.right_margin = _LEFT, _RIGHT
    section.footer_distance = Mm(28)
    document.settings.odd_and_even_pages_header_footer = True
    for footer, align in (
        (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
        (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
    ):
        _number_pages(footer.paragraphs[0], align)


def _speak_chinese(document: WordDocument) -> None:
    """The language of the text, by which a machine chooses the Chinese forms of characters."""
    properties = document.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    for language in properties.findall(qn("w:lang")):
        properties.remove(language)
    properties.append(properties.makeelement(qn("w:lang"), {qn("w:val"): "en-US", qn("w:eastAsia"): "zh-CN"}))


def _number_pages(paragraph: Paragraph, align: WD_ALIGN_PARAGRAPH) -> None:
    """— 1 — at the outer edge, a character from it."""
    paragraph.alignment = align
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Pt(14)
    for text, kind in (("— ", None), (None, "begin"), ("PAGE", None), (None, "end"), (" —", None)):
        run = paragraph.add_run()
        run.font.size = Pt(14)
        _name_fonts(run.element.get_or_add_rPr(), "宋体")
        if kind:
            run._r.append(run._r.makeelement(qn("w:fldChar"), {qn("w:fldCharType"): kind}))
        elif text == "PAGE":
            instruction = run._r.makeelement(qn("w:instrText"), {})
            instruction.text = text
            run._r.append(instruction)
        else:
            run.text = text or ""


def _add_style(document: WordDocument, name: str, look: _Look) -> None:
    style: ParagraphStyle = document.styles.add_style(name, 1)
    style.font.size = Pt(look.size)
    _name_fonts(style.element.get_or_add_rPr(), look.font)
    form = style.paragraph_format
    form.alignment, form.keep_with_next = look.align, look.keep_with_next
    form.space_before, form.space_after = Pt(look.before), Pt(look.after)
    if look.line:
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(look.line)
    else:
        form.line_spacing = 1.0
    if look.indent:
        form.first_line_indent = Pt(look.size * 2)
    form.widow_control = False


def _name_fonts(properties: object, font: str) -> None:
    fonts = properties.get_or_add_rFonts()  # type: ignore[attr-defined]
    fonts.set(qn("w:eastAsia"), font)
    for script in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(script), LATIN)


def _add_charts(document: WordDocument, charts: Sequence[Plotted]) -> None:
    """A row of charts, which stays on one page."""
    paragraph = document.add_paragraph(style="公报图")
    for chart in charts:
        add_chart(paragraph, draw(chart), chart.title, _CHART_WIDTH, _CHART_HEIGHT)


def _add_table(document: WordDocument, table: Table) -> None:
    document.add_paragraph(table.title, "公报表题")
    made = document.add_table(rows=1 + len(table.rows), cols=len(table.head))
    made.style, made.alignment, made.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    first = Cm(1.9)
    other = int((_TEXT_WIDTH - first) / (len(table.head) - 1))
    for number, (row, texts) in enumerate(zip(made.rows, [table.head, *table.rows], strict=True)):
        row._tr.get_or_add_trPr().append(row._tr.makeelement(qn("w:cantSplit"), {}))
        for index, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            cell.width = first if index == 0 else other
            _fill_cell(cell, text)
            cell.paragraphs[0].paragraph_format.keep_with_next = number < len(table.rows)
    head = made.rows[0]._tr.get_or_add_trPr()
    head.append(head.makeelement(qn("w:tblHeader"), {}))


def _fill_cell(cell: _Cell, text: str) -> None:
    cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
    cell.paragraphs[0].style = "公报表格"
    cell.paragraphs[0].add_run(text)
