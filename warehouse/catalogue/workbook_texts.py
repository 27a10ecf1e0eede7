"""Texts that every issued workbook prints: reading knows them again, whatever words a catalogue adds."""

GUIDE_SHEET = "填报说明"
LIST_SHEET = "代码表"  # hidden
SERIAL = "序号"
NOTE = "注"
SIGNATURES = ("单位负责人", "统计负责人", "填表人", "报出日期")
