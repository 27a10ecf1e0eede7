"""Foreign workbooks drawn from a seed: statistics of other offices in every layout and format, none of them a yearly report.

Some come as near as an honest mistake does: a cover that names one of our units, a sheet called like one of our forms.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Callable
from html import escape
from pathlib import Path

import xlsxwriter

from tests.integration.bad_files import ole2, one_sheet
from tests.workbooks import Grid, csv_bytes, save_csv_zip, save_ods, save_xls, save_xlsb, save_xlsx

Drawn = random.Random
Foreign = tuple[str, bytes]
"""The ending of the file's name, and its bytes."""

_TOPICS = (
    ("规模以上工业企业主要指标", ("企业单位数", "工业总产值(万元)", "营业收入", "利润总额", "平均用工人数")),
    ("粮食播种面积和产量", ("播种面积(公顷)", "总产量(吨)", "单产(公斤/公顷)")),
    ("义务教育学校基本情况", ("学校数", "班级数", "在校学生数", "专任教师数")),
    ("城乡居民基本医疗保险参保情况", ("参保人数", "缴费金额(元)", "报销人次", "报销金额(元)")),
    ("固定资产月末盘点表", ("资产编号", "资产名称", "原值", "累计折旧", "存放地点")),
    ("职工考勤表", ("姓名", "应出勤", "实出勤", "迟到", "备注")),
    ("Births, deaths and marriages by district", ("Live births", "Deaths", "Marriages", "Rate per 1,000")),
    ("Запасы и отгрузка продукции", ("Остаток", "Приход", "Расход", "Итого")),
    ("市町村別人口・世帯数", ("世帯数", "男", "女", "計")),
    ("إحصاءات الزراعة", ("المساحة", "الإنتاج", "المجموع")),
    ("Statistik der Gemeinden", ("Einwohner", "Fläche in km²", "Haushalte")),
)
_PLACES = (
    "城关镇",
    "东风街道",
    "North District",
    "Заречный",
    "中央区",
    "Neustadt",
    "第三车间",
    "二年级(1)班",
    "合计",
)
_OUR_SHEETS = ("封面", "兰1表", "兰2表", "兰3表", "兰1表 组织网络情况", "填报说明", "Sheet1")
_OUR_UNITS = ("东岸县", "990101", "西岸县", "兰河市")
_MACRO = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


def make_foreign(number: int, seed: int = 1) -> Foreign:
    """The ``number``-th foreign workbook of a seed; the makers take turns."""
    drawn = random.Random(seed * 7_000_003 + number)
    return _MAKERS[number % len(_MAKERS)](drawn)


def _draw_table(drawn: Drawn) -> Grid:
    """A table of another office: a title, often a line on unit and date, headings, rows, perhaps sums."""
    title, headings = drawn.choice(_TOPICS)
    rows: Grid = [[f"{drawn.choice(['2024年', '', '二〇二四年度'])}{title}"]]
    if drawn.random() < 0.6:
        rows.append([drawn.choice(["填报单位：", "单位：人", "Reported by", ""]), drawn.choice(_OUR_UNITS)])
    if drawn.random() < 0.3:
        rows.append([])
    rows.append([drawn.choice(["地区", "指标", "District", "项目", ""]), *headings])
    for _ in range(drawn.randrange(1, 40)):
        rows.append([drawn.choice(_PLACES), *(_draw_value(drawn) for _ in headings)])
    return rows


def _draw_value(drawn: Drawn) -> object:
    return drawn.choice(
        (
            drawn.randrange(10**6),
            round(drawn.random() * 1000, 2),
            "",
            "—",
            "是",
            "约三百",
            dt.date(2024, 5, 29),
        )
    )


def _draw_book(drawn: Drawn) -> dict[str, Grid]:
    names = drawn.sample(
        ["Sheet1", "数据", "Tabelle1", "汇总", "Лист1", "附表一", "data"], drawn.choice([1, 1, 2, 5])
    )
    return {name: _draw_table(drawn) for name in names}


def _save(save: Callable[[Path, dict[str, Grid]], Path], book: dict[str, Grid]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return save(Path(folder) / "book", book).read_bytes()


def _plain(drawn: Drawn) -> Foreign:
    return ".xlsx", _save(save_xlsx, _draw_book(drawn))


def _old_excel(drawn: Drawn) -> Foreign:
    return drawn.choice([".xls", ".et", ".xlsx"]), _save(save_xls, _draw_book(drawn))


def _open_document(drawn: Drawn) -> Foreign:
    return ".ods", _save(save_ods, _draw_book(drawn))


def _binary(drawn: Drawn) -> Foreign:
    return ".xlsb", _save(save_xlsb, _draw_book(drawn))


def _csv(drawn: Drawn) -> Foreign:
    return ".csv", csv_bytes(_draw_table(drawn), drawn.choice(["gb18030", "utf-8", "utf-8-sig", "utf-16"]))


def _csv_zip(drawn: Drawn) -> Foreign:
    return ".zip", _save(save_csv_zip, {name: _draw_table(drawn) for name in ("一", "二", "三")})


def _decorated(drawn: Drawn) -> Foreign:
    """Merged titles, a chart, protection, hidden columns, comments, a filter and drop-down lists."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "align": "center"})
        page = book.add_worksheet(drawn.choice(["统计表", "报表", "Report"]))
        title, headings = drawn.choice(_TOPICS)
        page.merge_range(0, 0, 1, len(headings), title, bold)
        page.merge_range(2, 1, 2, len(headings), drawn.choice(["其中", "of which"]), bold)
        page.write_row(3, 0, ["地区", *headings])
        for row in range(4, 20):
            page.write_row(row, 0, [drawn.choice(_PLACES), *(drawn.randrange(1000) for _ in headings)])
        page.write_row(20, 0, ["合计", *(f"=SUM(B5:B{19 + n})" for n in range(len(headings)))])
        chart = book.add_chart({"type": drawn.choice(["column", "pie", "line"])})
        chart.add_series({"values": [page.name, 4, 1, 19, 1]})
        if drawn.random() < 0.5:
            page.insert_chart("H2", chart)
        else:
            book.add_chartsheet("图").set_chart(chart)
        page.write_comment(4, 1, "请核对")
        page.autofilter(3, 0, 19, len(headings))
        page.data_validation(4, 1, 19, 1, {"validate": "list", "source": ["是", "否"]})
        page.set_column(2, 2, None, None, {"hidden": True})
        if drawn.random() < 0.5:
            page.protect("geheim")
    return ".xlsx", content.getvalue()


def _crosstab(drawn: Drawn) -> Foreign:
    """A pivot table laid out as cells: places down, years across, sums at both ends."""
    years = list(range(2015, 2025))
    rows: Grid = [["求和项:人数", "年度"], ["地区", *years, "总计"]]
    rows += [[place, *(drawn.randrange(500) for _ in years), 0] for place in _PLACES]
    return ".xlsx", _save(save_xlsx, {"数据透视表": rows, "数据源": _draw_table(drawn)})


def _many_sheets(drawn: Drawn) -> Foreign:
    return ".xlsx", _save(
        save_xlsx, {f"{n + 1}月": _draw_table(drawn) for n in range(drawn.randrange(12, 60))}
    )


def _single_cell(drawn: Drawn) -> Foreign:
    return ".xlsx", _save(save_xlsx, {"Sheet1": [[drawn.choice(["2024", 1, "兰1表", "见附件", "年报"])]]})


def _sparse(drawn: Drawn) -> Foreign:
    """A cell at the beginning and one very far away."""
    row, column = drawn.choice([(200_000, "A"), (1_048_576, "A"), (5, "XFD"), (60_000, "Z")])
    cells = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{column}{row}"><v>2</v></c></row>'
    return ".xlsx", one_sheet(iter([cells.encode()]))


def _macros(drawn: Drawn) -> Foreign:
    content = io.BytesIO()
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    plain = io.BytesIO(_save(save_xlsx, _draw_book(drawn)))
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            target.writestr(part, source.read(part).replace(kind, _MACRO.encode()))
        target.writestr("xl/vbaProject.bin", ole2(("VBA", b"Sub Workbook_Open()")))
    return ".xlsm", content.getvalue()


def _html(drawn: Drawn) -> Foreign:
    """What web systems export as Excel."""
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row)}</tr>" for row in _draw_table(drawn)
    )
    charset = drawn.choice(["utf-8", "gb18030"])
    page = f'<html><head><meta charset="{charset}"></head><body><table border=1>{rows}</table></body></html>'
    return drawn.choice([".xls", ".xlsx", ".csv"]), page.encode(charset, "replace")


def _xml_2003(drawn: Drawn) -> Foreign:
    rows = "".join(
        "<Row>"
        + "".join(f'<Cell><Data ss:Type="String">{escape(str(value))}</Data></Cell>' for value in row)
        + "</Row>"
        for row in _draw_table(drawn)
    )
    head = '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    book = f'<Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="表"><Table>{rows}</Table></Worksheet></Workbook>'
    return drawn.choice([".xml", ".xls"]), (head + book).encode()


def _locked(drawn: Drawn) -> Foreign:
    """A workbook that asks for a password: one encrypted stream in a compound file."""
    streams = (
        ("EncryptedPackage", drawn.randbytes(5000)),
        ("EncryptionInfo", b"\x04\x00\x04\x00" + drawn.randbytes(60)),
    )
    return drawn.choice([".xlsx", ".xls"]), ole2(*streams)


def _other_document(drawn: Drawn) -> Foreign:
    """A text, a presentation or a mail in a compound file; a text document in a zip; a web page; a picture; data."""
    text = io.BytesIO()
    with zipfile.ZipFile(text, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document/>")
    return drawn.choice(
        (
            (".xls", ole2(("WordDocument", b"\xec\xa5"))),
            (".xls", ole2(("PowerPoint Document", b"\x0f\x00"))),
            (".xlsx", text.getvalue()),
            (".xlsx", b"%PDF-1.7\n" + drawn.randbytes(300)),
            (".xls", b"\xff\xd8\xff\xe0\x00\x10JFIF" + drawn.randbytes(300)),
            (".csv", json.dumps({"rows": [[1, "甲"]]}, ensure_ascii=False).encode()),
            (".xls", b"{\\rtf1\\ansi " + drawn.randbytes(50) + b"}"),
            (".xlsx", "姓名\t电话\n张三\t1\n".encode("utf-16")),
        )
    )


def _nearly_ours(drawn: Drawn) -> Foreign:
    """Sheets that are called like ours, and perhaps a cover that names a unit of ours, over the content of others."""
    names = drawn.sample(_OUR_SHEETS, drawn.randrange(1, 5))
    book = {name: _draw_table(drawn) for name in names}
    if "封面" in book:
        book["封面"] = [
            ["封面", ""],
            ["填报单位", drawn.choice(_OUR_UNITS)],
            ["报告年度", drawn.choice([2024, "2024年", 1999, ""])],
        ]
    save, ending = drawn.choice([(save_xlsx, ".xlsx"), (save_xls, ".xls"), (save_ods, ".ods")])
    return ending, _save(save, book)


_MAKERS: tuple[Callable[[Drawn], Foreign], ...] = (
    _plain, _old_excel, _open_document, _binary, _csv, _csv_zip, _decorated, _crosstab, _many_sheets, _single_cell,
    _sparse, _macros, _html, _xml_2003, _locked, _other_document, _nearly_ours, _nearly_ours,
)  # fmt: skip
