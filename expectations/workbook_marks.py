"""Marks of a correction workbook: which cells are in question, how gravely, and what the comment on each says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from xlsxwriter.worksheet import Worksheet

from expectations.rulebook import SEVERITIES
from expectations.workbook_layout import Column, column_letter, display_width
from expectations.workbook_values import Value
from warehouse.catalogue.models import Form

SEVERITY_WORDS = {"critical": "强制性", "warning": "核实性", "info": "提示性"}
_PLACE = re.compile(r"^第\d+行 ?")
_COMMENT_WIDTH = 46  # in character cells


@dataclass(frozen=True)
class Question:
    """One finding as the unit is asked about it; ``place`` is where the correction workbook shows it, once written."""

    finding: Mapping[str, Any]

    @property
    def severity(self) -> str:
        """critical, warning or info."""
        return str(self.finding["severity"])

    @property
    def sentence(self) -> str:
        """The message without the row number, which is that of the file received."""
        return _PLACE.sub("", str(self.finding["message"]))


@dataclass
class Marks:
    """Questions by form, row and field; ``places`` collects the address each was shown at, by its number."""

    questions: list[Question] = field(default_factory=list)
    by_row: dict[tuple[str, str], dict[str, list[int]]] = field(default_factory=dict)
    places: dict[int, tuple[str, str]] = field(default_factory=dict)

    def of_row(self, form: Form, key: object) -> Mapping[str, list[int]]:
        """Field ('' for the row itself) -> numbers of the questions, of one row of ``form``."""
        return self.by_row.get((form.id, str(key)), {})

    def severity(self, numbers: Iterable[int]) -> str:
        """The gravest of some questions."""
        return min((self.questions[n].severity for n in numbers), key=SEVERITIES.index)

    def raw(self, numbers: Iterable[int]) -> str | None:
        """What stands in a cell that could not be read, so that the unit finds its own text again."""
        found = (self.questions[n].finding for n in numbers)
        return next((str(f["value"]) for f in found if f["value"] and f["scope"] == "problem"), None)

    def comment(
        self,
        sheet: Worksheet,
        line: int,
        index: int,
        numbers: list[int],
        columns: tuple[Column, ...],
        before: Value,
    ) -> None:
        """Write the comment of the cell and note where its questions are shown."""
        texts = [self._text(n, line, columns, before) for n in numbers]
        text = "\n\n".join(texts)
        lines = sum(-(-max(display_width(part), 1) // _COMMENT_WIDTH) for part in text.split("\n"))
        options = {
            "width": 330,
            "height": 18 * lines + 12,
            "font_size": 9,
            "font_name": "SimSun",
            "author": "计生协年报",
        }
        sheet.write_comment(line, index, text, options)
        for number in numbers:
            self.places.setdefault(number, (sheet.get_name(), f"{column_letter(index)}{line + 1}"))

    def _text(self, number: int, line: int, columns: tuple[Column, ...], before: Value) -> str:
        finding = self.questions[number].finding
        letters = {
            c.field.id: (column_letter(i), c.field.label)
            for i, c in enumerate(columns)
            if c.role == "field" and c.field
        }
        cells = [
            f"{letters[f][0]}{line + 1} {letters[f][1]}" for f in finding["fields"] or () if f in letters
        ]
        parts = [f"【{SEVERITY_WORDS[finding['severity']]}】{self.questions[number].sentence}"]
        if len(cells) > 1:
            parts.append(f"有关单元格：{'；'.join(cells)}")
        if before not in (None, ""):
            parts.append(
                f"上年数：{before:,.10g}" if isinstance(before, (int, float)) else f"上年数：{before}"
            )
        if finding.get("likely"):
            parts.append(str(finding["likely"]))
        if finding["suggestion"] and finding["suggestion"] not in finding["message"]:
            parts.append(f"是否为“{finding['suggestion']}”？")
        parts += [f"处理：{finding['fix']}", f"审核关系：{finding['rule']}"]
        return "\n".join(parts)


def marks_of(questions: pl.DataFrame, forms: Mapping[str, Form]) -> Marks:
    """Marks of ``questions``: FINDING and scope (of its rule), finding_status, text, reason, draft."""
    marks = Marks([Question(row) for row in questions.iter_rows(named=True)])
    for number, question in enumerate(marks.questions):
        finding = question.finding
        form = forms.get(finding["form"] or "")
        if form is None:
            continue
        row = re.search(r"\d+$", finding["cell"] or "")
        key = (row[0] if row else None) if form.is_roster else finding["org_code"]
        if key:
            marks.by_row.setdefault((form.id, key), {}).setdefault(finding["field"] or "", []).append(number)
    return marks
