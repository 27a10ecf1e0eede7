"""Names for each Chinese font of a file for Word the one to take where a machine has it not."""

from __future__ import annotations

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from lxml import etree

ALTERNATIVES = {
    "方正小标宋简体": ("宋体", "roman"),
    "黑体": ("SimHei", "swiss"),
    "楷体_GB2312": ("楷体", "script"),
    "仿宋_GB2312": ("仿宋", "roman"),
    "宋体": ("SimSun", "roman"),
}
"""Font -> the font most like it that Windows and macOS have, and its family, by which any other machine chooses."""


def name_alternatives(document: Document) -> None:
    """Write the fonts into the document's table of fonts."""
    part = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    table = parse_xml(part.blob)
    for font, (alternative, family) in ALTERNATIVES.items():
        table.append(
            parse_xml(
                f'<w:font {nsdecls("w")} w:name="{font}"><w:altName w:val="{alternative}"/><w:charset w:val="86"/>'
                f'<w:family w:val="{family}"/><w:pitch w:val="variable"/></w:font>'
            )
        )
    part._blob = etree.tostring(table, xml_declaration=True, encoding="UTF-8", standalone=True)
