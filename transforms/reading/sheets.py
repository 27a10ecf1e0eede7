"""Recognises sheets: a form (by number, title or alias in its name or head), the cover, or another known sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from transforms.reading.formats.book import Row, SheetInfo
from transforms.reading.plan import FormPlan, ReadPlan
from transforms.reading.rest import Rest
from warehouse.words.addresses import column_letter
from warehouse.words.folding import fold

_HEAD_ROWS, _COVER_ROWS = 8, 60
_IDENTIFYING = ("unit_name", "unit_code", "year", "form_set")
_YEAR_ALONE = re.compile(r"((?:19|20)\d\d)(?:\.0)?年?度?")
_YEAR_IN_TITLE = re.compile(r"((?:19|20)\d\d)年度?")


def classify_sheet(name: str, rows: list[Row], plan: ReadPlan) -> tuple[str, FormPlan | None]:
    """('form', its plan), ('cover', None), ('other', None) or ('unknown', None)."""
    folded = fold(name)
    if folded in plan.cover_sheets:
        return "cover", None
    if folded in plan.other_sheets:
        return "other", None
    form = _find_form_by_name(folded, plan) or _find_form_by_head(rows, plan)
    if form is not None:
        return "form", form
    if len(read_cover(rows[:20], plan)) >= 2:
        return "cover", None
    if any(word and word in folded for word in plan.other_sheets | plan.cover_sheets):
        return "other", None
    return "unknown", None


def _find_form_by_name(folded: str, plan: ReadPlan) -> FormPlan | None:
    for form in plan.forms:
        if folded in (form.number, form.title, *form.aliases):
            return form
    return _only_remaining_form([f for f in plan.forms if f.number in folded]) or _find_longest_title(
        folded, plan
    )


def _find_longest_title(folded: str, plan: ReadPlan) -> FormPlan | None:
    """The form whose title or alias is the longest text inside ``folded``."""
    inside = [
        (len(text), form) for form in plan.forms for text in (form.title, *form.aliases) if text in folded
    ]
    if not inside:
        return None
    longest = max(length for length, _ in inside)
    return _only_remaining_form([form for length, form in inside if length == longest])


def _find_form_by_head(rows: list[Row], plan: ReadPlan) -> FormPlan | None:
    texts = [fold(cell) for row in rows[:_HEAD_ROWS] for cell in row if isinstance(cell, str) and cell]
    numbered = [f for f in plan.forms if any(_is_number(text, f.number) for text in texts)]
    if numbered:
        return _only_remaining_form(numbered)
    titled = [f for f in plan.forms if any(text.endswith(f.title) for text in texts)]
    if titled:
        return _only_remaining_form(titled)
    return _only_remaining_form(
        [
            f
            for f in plan.forms
            if any(text == alias for text in texts for alias in f.aliases if len(alias) > 4)
        ]
    )


def _is_number(text: str, number: str) -> bool:
    return text == number or text.endswith(f":{number}") or text.startswith((f"{number}:", f"({number})"))


def _only_remaining_form(forms: list[FormPlan]) -> FormPlan | None:
    unique = {form.id: form for form in forms}
    return next(iter(unique.values())) if len(unique) == 1 else None


def _list_cover_cells(row: Row, plan: ReadPlan) -> list[str | None]:
    return [plan.cover_labels.get(_label(cell)) if isinstance(cell, str) and cell else None for cell in row]


def _label(text: str) -> str:
    return fold(text).rstrip(":")


def read_cover(rows: list[Row], plan: ReadPlan) -> dict[str, str]:
    """Cover key -> text: the value stands to the right of its label, or behind a colon in the same cell."""
    cover: dict[str, str] = {}
    for row in rows[:_COVER_ROWS]:
        for key, value, _ in _list_cover_pairs(row, plan):
            cover.setdefault(key, value)
    return cover


def read_signatures(rows: list[Row], info: SheetInfo, plan: ReadPlan) -> list[Rest]:
    """The signatures and date on the cover (UNREAD, without a form)."""
    found: dict[str, Rest] = {}
    for line, row in enumerate(rows[:_COVER_ROWS], start=1):
        for key, value, column in _list_cover_pairs(row, plan):
            if key not in _IDENTIFYING:
                cell = f"{column_letter(column)}{line}"
                heading = re.split("[:：]", str(row[column]))[0].strip()
                about: Rest = {"sheet": info.name, "row": line, "cell": cell, "heading": heading}
                found.setdefault(key, about | {"text": value, "reason": "cover"})
    return list(found.values())


def _list_cover_pairs(row: Row, plan: ReadPlan) -> Iterator[tuple[str, str, int]]:
    """Cover key, value and the column of the label."""
    for column, key in enumerate(_list_cover_cells(row, plan)):
        if key is None:
            continue
        value = next((cell for cell in row[column + 1 :] if cell != ""), "")
        if value != "" and not (isinstance(value, str) and _label(value) in plan.cover_labels):
            yield key, _text(value), column
    yield from _list_colon_pairs(row, plan)


def read_form_head(rows: list[Row], form: FormPlan, plan: ReadPlan) -> dict[str, str]:
    """Cover key -> text in the head of a form's sheet (unit, year), where it is stated plainly.

    ``number``: the number of another form, where the form's own is missing.
    """
    found: dict[str, str] = {}
    if number := _other_number(rows, form, plan):
        found["number"] = number
    for row in rows[:_HEAD_ROWS]:
        for key, value, _ in _list_colon_pairs(row, plan):
            if key in ("unit_name", "unit_code", "year"):
                found.setdefault(key, value)
        for cell in row:
            if isinstance(cell, str) and cell:
                folded = fold(cell)
                year = _YEAR_ALONE.fullmatch(folded)
                if year is None and (form.title in folded or "年报" in folded) and "号" not in folded:
                    year = _YEAR_IN_TITLE.match(folded)
                if year and "年" in folded:
                    found.setdefault("title_year", year[1])
    if "title_year" in found:
        found.setdefault("year", found.pop("title_year"))
    return found


def _other_number(rows: list[Row], form: FormPlan, plan: ReadPlan) -> str:
    texts = [
        (fold(cell), cell) for row in rows[:_HEAD_ROWS] for cell in row if isinstance(cell, str) and cell
    ]
    if any(_is_number(text, form.number) for text, _ in texts):
        return ""
    others = [f.number for f in plan.forms]
    found = (written for text, written in texts for number in others if _is_number(text, number))
    return next((re.split("[:：]", written)[-1].strip() for written in found), "")


def _list_colon_pairs(row: Row, plan: ReadPlan) -> Iterator[tuple[str, str, int]]:
    for column, cell in enumerate(row):
        if isinstance(cell, str) and (":" in cell or "：" in cell):
            label, _, value = cell.replace("：", ":").partition(":")
            key = plan.cover_labels.get(fold(label))
            if key and value.strip():
                yield key, value.strip(), column


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else str(value)
