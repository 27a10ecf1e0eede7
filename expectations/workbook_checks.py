"""Live checks of an issued workbook: cells that break a rule of their row turn red while the clerk types.

A hint only: the night judges. Conditional formats keep their own references, so no cut or paste can break them, and
a cell that is blank or 不适用 leaves the rule silent, as in the night.
"""

from __future__ import annotations

from collections.abc import Mapping

from xlsxwriter.worksheet import Worksheet

from expectations.rulebook import CONTEXT_LABELS, Rule, RuleBook
from expectations.workbook_layout import Column, column_letter
from expectations.workbook_styles import Styles
from expectations.workbook_validation import entry_scale
from warehouse.catalogue.expression import Term
from warehouse.catalogue.models import Field, Words

_SEVERITY_STYLE = {"critical": "breaks", "warning": "doubts"}


def live_checks(rulebook: object, year: int) -> tuple[Rule, ...]:
    """The row rules that a sheet can check by itself. Rules that ask whether a cell is blank are left to the night."""
    if not isinstance(rulebook, RuleBook):
        return ()
    return tuple(
        rule
        for rule in rulebook.of_scope("row")
        if rule.is_in_force(year)
        and rule.severity in _SEVERITY_STYLE
        and not any(word in f"{rule.expression} {rule.when or ''}".upper() for word in (" IS ", "COALESCE"))
        and all(term.function is None for term in rule.terms)
    )


def colour_breaches(
    sheet: Worksheet,
    rules: tuple[Rule, ...],
    columns: tuple[Column, ...],
    first: int,
    last: int,
    year: int,
    words: Words,
    styles: Styles,
) -> None:
    """Lay each rule's condition over the cells it reads, rows ``first`` to ``last``."""
    places = {
        c.field.id: (i, c.field) for i, c in enumerate(columns) if c.role == "field" and c.field is not None
    }
    code = next((i for i, c in enumerate(columns) if c.role == "org_code"), None)
    for rule in rules:
        if not set(rule.operands) <= places.keys() or (code is None and _asks_level(rule)):
            continue
        formula = f"={breach(rule, places, code, first, year, words)}"
        for name in rule.operands:
            index = places[name][0]
            sheet.conditional_format(
                first,
                index,
                last,
                index,
                {
                    "type": "formula",
                    "criteria": formula,
                    "format": styles.named(_SEVERITY_STYLE[rule.severity]),
                },
            )


def breach(
    rule: Rule,
    places: Mapping[str, tuple[int, Field]],
    code: int | None,
    line: int,
    year: int,
    words: Words,
) -> str:
    """The Excel condition, for row ``line``, that holds when the rule is broken."""

    def reference(name: str) -> str:
        return f"${column_letter(places[name][0])}{line + 1}"

    def cell(term: Term) -> str:
        if term.name == "year":
            return str(year)
        if term.name == "org_level":
            return _level(code or 0, line)
        field = places[term.name][1]
        if field.type == "boolean":
            return f'({reference(term.name)}="{words.yes[0]}")'
        scale = entry_scale(field)
        return reference(term.name) if scale == 1 else f"({reference(term.name)}*{scale:.15g})"

    parts = [
        test
        for name in rule.operands
        for test in (f'{reference(name)}<>""', f'{reference(name)}<>"{words.not_applicable[0]}"')
    ]
    if rule.levels:
        level = _level(code or 0, line)
        allowed = ",".join(f'{level}="{name}"' for name in rule.levels)
        parts.append(f"OR({allowed})")
    if rule.condition is not None:
        parts.append(rule.condition.excel(cell))
    parts.append(f"NOT({rule.parsed.excel(cell, rule.tolerance)})")
    return f"AND({','.join(parts)})"


def _asks_level(rule: Rule) -> bool:
    return bool(rule.levels) or any(t.name in CONTEXT_LABELS and t.name != "year" for t in rule.terms)


def _level(code: int, line: int) -> str:
    """The level of a row from the length of its code; the code of a city ends in 00."""
    cell = f"${column_letter(code)}{line + 1}"
    upper = f'IF(RIGHT({cell},2)="00","city","county")'
    return f'IF(LEN({cell})=12,"village",IF(LEN({cell})=9,"township",{upper}))'
