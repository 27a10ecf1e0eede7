"""The workbook as xlsxwriter writes it, without its search for functions that are newer than Excel 2010.

It searches every formula with thirty patterns; the formulas of 审核 are long and use none of them, and the search would
take as long as all the rest of writing a workbook.
"""

from __future__ import annotations

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet


class _Sheet(Worksheet):
    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        """The formula without braces and equal sign. (Should xlsxwriter call it otherwise, only time is lost.)"""
        del expand_future_functions
        if formula.startswith("{"):
            formula = formula[1:].removesuffix("}")
        return formula.removeprefix("=")


class Book(Workbook):
    """A workbook whose formulas are written as they are given."""

    worksheet_class = _Sheet
