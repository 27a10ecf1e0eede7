"""Charts as Office draws them itself, each with the workbook of its numbers, so that whoever edits the bulletin can edit them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from pptx.chart.chart import Chart
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_TICK_MARK
from pptx.opc.constants import CONTENT_TYPE
from pptx.opc.packuri import PackURI
from pptx.oxml.ns import qn
from pptx.parts.chart import ChartPart
from pptx.util import Pt

from flows.charts.plotted import Plotted
from warehouse.words.number_formats import number_format

WORKBOOK = "rId1"
"""The relation by which a chart's part names its workbook."""
COLOURS = ("2F5D8C", "C8772C", "6B8E5A", "8C6BB1")
FONT = "宋体"
_INK, _FAINT = RGBColor(0x33, 0x33, 0x33), RGBColor(0xD9, 0xD9, 0xD9)
_SMALL, _TITLE = Pt(7), Pt(8.5)


@dataclass(frozen=True)
class NativeChart:
    """A chart's part (DrawingML, naming its workbook by WORKBOOK) and the bytes of that workbook."""

    xml: bytes
    workbook: bytes


def draw(plotted: Plotted) -> NativeChart:
    """Columns of each series, the numbers above them where there is one series only; the unit stands in the title."""
    shown = pl.select(number_format(pl.lit(plotted.unit), pl.lit(plotted.decimals))).item()
    data = CategoryChartData(number_format=shown)
    data.categories = plotted.categories
    for name, values in plotted.series.items():
        data.add_series(name, values)
    part = ChartPart.load(
        PackURI("/word/charts/chart.xml"),
        CONTENT_TYPE.DML_CHART,
        None,  # type: ignore[arg-type]  # of no package: its bytes go into a file for Word
        data.xml_bytes(XL_CHART_TYPE.COLUMN_CLUSTERED),
    )
    _style(part.chart, plotted, shown)
    part.chart.element.get_or_add_externalData().rId = WORKBOOK
    return NativeChart(part.blob, data.xlsx_blob)


def _style(chart: Chart, plotted: Plotted, shown: str) -> None:
    chart.font.size, chart.font.name, chart.font.color.rgb = _SMALL, FONT, _INK
    _name_eastern(chart.font)
    title = chart.chart_title.text_frame
    title.text = f"{plotted.title}（{'，'.join(filter(None, (plotted.unit, plotted.remark)))}）"
    font = title.paragraphs[0].runs[0].font
    font.size, font.bold, font.name = _TITLE, True, FONT
    _name_eastern(font)
    chart.chart_title.include_in_layout = False
    chart.has_legend = len(plotted.series) > 1
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    axis = chart.value_axis
    axis.minimum_scale = 0
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = shown.partition(".")[0], False
    axis.major_gridlines.format.line.color.rgb = _FAINT
    axis.format.line.fill.background()
    axis.major_tick_mark = chart.category_axis.major_tick_mark = XL_TICK_MARK.NONE
    chart.category_axis.format.line.color.rgb = _FAINT
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 60, 0
    plot.has_data_labels = len(plotted.series) == 1
    if plot.has_data_labels:
        labels = plot.data_labels
        labels.number_format, labels.number_format_is_linked = shown, False
        labels.position = XL_LABEL_POSITION.OUTSIDE_END
        axis.visible = axis.has_major_gridlines = False
    for series, colour in zip(plot.series, COLOURS, strict=False):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = RGBColor.from_string(colour)


def _name_eastern(font: object) -> None:
    """Name the font for Chinese characters too, which have one of their own in DrawingML."""
    properties = font._rPr  # type: ignore[attr-defined]
    eastern = properties.makeelement(qn("a:ea"), {"typeface": FONT})
    latin = properties.find(qn("a:latin"))
    latin.addnext(eastern)
