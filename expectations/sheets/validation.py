"""The validation of input cells: hints, lists on the hidden sheet 代码表, ranges of numbers, dates and years.

It helps whoever types and guards nothing, since pasting overwrites it. 不适用 is always accepted.
"""

from __future__ import annotations

from typing import Any

from xlsxwriter.workbook import Workbook

from expectations.sheets.styles import Styles
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form
from warehouse.words.addresses import column_letter
from warehouse.words.workbook_texts import LIST_SHEET

_TITLE_LIMIT, _MESSAGE_LIMIT = 32, 255
_EARLIEST = 1980  # no term of office, site or project of an association is older


class Lists:
    """The hidden sheet 代码表, the last of the workbook: one column per list."""

    def __init__(self) -> None:
        self._lists: dict[str, tuple[str, ...]] = {}

    def add(self, name: str, entries: tuple[str, ...]) -> str:
        """Add the list called ``name`` unless it is there, and return its reference."""
        self._lists.setdefault(name, entries)
        letter = column_letter(list(self._lists).index(name))
        return f"='{LIST_SHEET}'!${letter}$2:${letter}${len(self._lists[name]) + 1}"

    def write(self, book: Workbook, styles: Styles) -> None:
        """Add the hidden sheet."""
        sheet = book.add_worksheet(LIST_SHEET)
        for column, (name, entries) in enumerate(self._lists.items()):
            sheet.write_string(0, column, name, styles.get("list_title"))
            sheet.write_column(1, column, entries, styles.get("plain"))
            sheet.set_column(column, column, 22)
        sheet.protect("")
        sheet.hide()


def field_validation(
    catalogue: Catalogue, form: Form, field: Field, cell: str, year: int, lists: Lists
) -> dict[str, Any] | None:
    """The validation of a field's cells, the first of which is ``cell`` (A1); None for free text."""
    words = catalogue.settings.words
    not_applicable = words.not_applicable[0]
    answer = f"不适用的填“{not_applicable}”。"
    options: dict[str, Any] = {"ignore_blank": True, "error_type": "stop"}
    if field.type in ("code", "boolean"):
        entries = (
            catalogue.code_lists[field.codes].labels
            if field.codes is not None
            else (words.yes[0], words.no[0])
        )
        name = catalogue_list_name(field)
        options |= {"validate": "list", "source": lists.add(name, (*entries, not_applicable))}
        ask, refuse = "请从下拉列表中选择。", "请从下拉列表中选择，不要填其他内容。"
    elif field.type == "text":
        if field.id != form.item_field:
            return None
        options |= {"validate": "any"}
        ask, refuse = f"请填全称，不要重复；本年无的，在第1行填“{words.nothing_to_list[0]}”。", ""
        answer = ""
    else:
        test, ask = _number_test(field, cell, year)
        quoted = not_applicable.replace('"', '""')
        options |= {"validate": "custom", "value": f'=OR({cell}="{quoted}",{test})'}
        refuse = f"{ask}{answer}"
        if field.type in ("count", "cny"):
            ask = f"{ask}没有发生的填0。"
    options["input_title"] = _cut(_title(field), _TITLE_LIMIT)
    options["input_message"] = _cut(f"{field.meaning}\n{ask}{answer}", _MESSAGE_LIMIT)
    options["error_title"] = _cut(f"请检查：{field.label}", _TITLE_LIMIT)
    options["error_message"] = _cut(refuse, _MESSAGE_LIMIT)
    return options


def township_validation(names: tuple[str, ...], lists: Lists, label: str) -> dict[str, Any]:
    """The drop-down of a roster's org column."""
    return {
        "validate": "list",
        "source": lists.add(label, names),
        "input_title": _cut(label, _TITLE_LIMIT),
        "input_message": "请从下拉列表中选择。",
        "error_title": _cut(f"请检查：{label}", _TITLE_LIMIT),
        "error_message": "本单位没有这个名称，请从下拉列表中选择。",
    }


def catalogue_list_name(field: Field) -> str:
    """The name of a field's list on 代码表."""
    return field.codes if field.codes is not None else "是否"


def bounds(field: Field, year: int) -> tuple[float | None, float | None]:
    """The lowest and highest valid value of a cell, in the unit of entry."""
    scale = field.entry_scale
    low, high = field.low, field.high
    if field.type == "year":
        low, high = low if low is not None else _EARLIEST, high if high is not None else year
    return (None if low is None else low / scale), (None if high is None else high / scale)


def _number_test(field: Field, cell: str, year: int) -> tuple[str, str]:
    """An Excel condition that is true for a valid value, and the demand in words."""
    if field.type == "date":
        test = f"AND(ISNUMBER({cell}),{cell}>=DATE({_EARLIEST},1,1),{cell}<=DATE({year + 1},12,31))"
        return test, f"请填日期，如 {year}-06-30。"
    low, high = bounds(field, year)
    tests = [f"ISNUMBER({cell})"]
    is_whole = field.type != "cny"
    if is_whole:
        tests.append(f"{cell}=INT({cell})")
    if low is not None:
        tests.append(f"{cell}>={low:.15g}")
    if high is not None:
        tests.append(f"{cell}<={high:.15g}")
    kind = "4位年份" if field.type == "year" else "整数" if is_whole else "金额"
    if low is not None and high is not None:
        span = "—".join(f"{bound:.15g}" for bound in (low, high))
        return f"AND({','.join(tests)})", f"请填{span}之间的{kind}。"
    return f"AND({','.join(tests)})", f"请填{kind}。"


def _title(field: Field) -> str:
    unit = field.stated_unit
    return f"{field.label}（{unit}）" if unit else field.label


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
