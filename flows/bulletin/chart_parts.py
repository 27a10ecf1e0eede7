"""Puts a chart into a file for Word: its part, the workbook of its numbers, and the place in the text."""

from __future__ import annotations

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.shared import Length
from docx.text.paragraph import Paragraph

from flows.bulletin.native_charts import WORKBOOK, NativeChart
from warehouse.words.templates import render_text

_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def add_chart(
    paragraph: Paragraph, chart: NativeChart, described: str, width: Length, height: Length
) -> None:
    """Add ``chart`` at the end of ``paragraph``; ``described`` is read out in its place."""
    document = paragraph.part
    package = document.package
    assert package is not None
    name = package.next_partname("/word/charts/chart%d.xml")
    number = int("".join(filter(str.isdigit, name)))
    part = Part(PackURI(name), CONTENT_TYPE.DML_CHART, chart.xml, package)
    book = Part(PackURI(f"/word/embeddings/chart{number}.xlsx"), _SHEET, chart.workbook, package)
    related = part.relate_to(book, RELATIONSHIP_TYPE.PACKAGE)
    assert related == WORKBOOK
    drawing = render_text(
        "flows.bulletin",
        "drawing.xml",
        relation=document.relate_to(part, RELATIONSHIP_TYPE.CHART),
        number=number,
        described=described,
        width=int(width),
        height=int(height),
    )
    paragraph.add_run()._r.append(parse_xml(drawing))
