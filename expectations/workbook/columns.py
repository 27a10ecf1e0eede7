"""Lines of 审核 for the rules that the catalogue's own declarations make: required, range, whole, dates, rows, totals.

Blank cells have a line for each form, the clerk's list of what is still to do; every other rule has one for all forms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from expectations.column_checks import FIRST_DATE_YEAR, is_key
from expectations.form_frame import additive_fields
from expectations.rulebook import Check
from expectations.workbook.grid import Grid, listed_rows, missing, named_line, quoted, says_nothing
from expectations.workbook.page import Issue, Rows
from expectations.workbook.tally import FAILED, HELD, NOWHERE, ONE_EVALUATED, ONE_NOT_EVALUATED, Line, Tally
from expectations.workbook.validation import entry_scale
from warehouse.catalogue.models import Field, Form

_LONGEST = 6000  # characters of a formula: Excel takes 8192
_DAY_ONE = f"DATE({FIRST_DATE_YEAR},1,1)"


@dataclass(frozen=True)
class _Sheet:
    """The sheet of one form: where its cells stand and which of its rows count."""

    issue: Issue
    form: Form
    rows: Rows
    grid: Grid
    listed: str

    @property
    def fields(self) -> list[Field]:
        """The fields that have a column."""
        return [field for field in self.form.fields if field.id in self.grid.columns]

    def concerned(self, field: Field) -> str:
        """A test of the rows that are asked for ``field``."""
        return self.listed if self.form.is_roster else self.grid.at_level(self.form.levels_of(field))


@dataclass(frozen=True)
class _Part:
    """One field of a check: the weight of its rows, and which of them break it."""

    concerned: str
    weight: str
    breaks: str
    place: str


def column_lines(issue: Issue, forms: Sequence[Form], grids: Mapping[str, Grid]) -> Iterator[Line]:
    """The lines, in the order of the rule book."""
    sheets = []
    for form in forms:
        rows, grid = issue.rows[form.id], grids[form.id]
        sheets.append(_Sheet(issue, form, rows, grid, listed_rows(issue, form, rows, grid)))
    for check, tallies in _CHECKS.items():
        rule = issue.column_rules.get(check)
        if rule is None:
            continue
        found = [(sheet, list(tallies(sheet))) for sheet in sheets]
        found = [(sheet, of_sheet) for sheet, of_sheet in found if of_sheet]
        if check == "required":
            for sheet, of_sheet in found:
                yield Line(rule, sheet.form.number, rule.words, of_sheet)
        elif found:
            numbers = "、".join(sheet.form.number for sheet, _ in found) if len(found) < 3 else "各表"
            yield Line(rule, numbers, rule.words, [tally for _, of_sheet in found for tally in of_sheet])


def _required(sheet: _Sheet, is_of_keys: bool = False) -> Iterator[Tally]:
    asked = [f for f in sheet.fields if f.required and is_key(sheet.form, f) == is_of_keys]
    return _tallies(sheet, (_blank(sheet, field) for field in asked))


def _key_required(sheet: _Sheet) -> Iterator[Tally]:
    return _required(sheet, is_of_keys=True)


def _blank(sheet: _Sheet, field: Field) -> _Part:
    place = sheet.grid.place(field.id)
    return _Part(sheet.concerned(field), f'IF({place}="",{FAILED},{HELD})', f'{place}=""', place)


def _range(sheet: _Sheet) -> Iterator[Tally]:
    def part(field: Field) -> _Part:
        value = sheet.grid.cells[field.id](sheet.grid.place(field.id)).value
        low = [f"({value}<{field.low:.15g})"] if field.low is not None else []
        high = [f"({value}>{field.high:.15g})"] if field.high is not None else []
        return _number(sheet, field, f"{'+'.join(low + high)}>0")

    return _tallies(sheet, (part(f) for f in sheet.fields if f.is_numeric and not f.low is f.high is None))


def _whole(sheet: _Sheet) -> Iterator[Tally]:
    asked = (f for f in sheet.fields if f.type in ("count", "rank", "year"))
    places = ((f, sheet.grid.place(f.id)) for f in asked)
    return _tallies(sheet, (_number(sheet, f, f"{place}<>ROUND({place},0)") for f, place in places))


def _date(sheet: _Sheet) -> Iterator[Tally]:
    end = f"DATE({sheet.issue.year + 1},1,1)"
    places = ((f, sheet.grid.place(f.id)) for f in sheet.fields if f.type == "date")
    return _tallies(sheet, (_number(sheet, f, f"({p}<{_DAY_ONE})+({p}>={end})>0") for f, p in places))


def _number(sheet: _Sheet, field: Field, breaks: str) -> _Part:
    """A part that looks at numbers alone; whatever else stands in a cell leaves it not evaluated."""
    place = sheet.grid.place(field.id)
    weight = f"IF(ISNUMBER({place}),IF({breaks},{FAILED},{HELD}),{ONE_NOT_EVALUATED})"
    return _Part(sheet.concerned(field), weight, f"IF(ISNUMBER({place}),{breaks},0)", place)


def _unique(sheet: _Sheet) -> Iterator[Tally]:
    if not sheet.form.is_roster:
        return
    org = next((i for i, c in enumerate(sheet.rows.columns, start=1) if c.role == "roster_org"), None)
    keys = [name for name in sheet.form.key if name != "org_code"]
    places = [sheet.grid.place(name) for name in keys]
    listed_under = [sheet.grid.column(org)] if org is not None and "org_code" in sheet.form.key else []
    key = '&"|"&'.join([*listed_under, *places])
    is_whole = "*".join(f"(1-{missing(place)})" for place in places)
    one = f"IF({sheet.listed},{is_whole},0)"
    many = f"MMULT(--(TRANSPOSE({key})={key}),{one})>1"
    weight = f"IF({is_whole},IF({many},{FAILED},{HELD}),{ONE_NOT_EVALUATED})"
    yield from _tallies(sheet, [_Part(sheet.listed, weight, f"{is_whole}*({many})", places[0])])


def _unit_rows(sheet: _Sheet) -> Iterator[Tally]:
    """Lines are counted: which unit is missing is told at night."""
    if sheet.form.is_roster:
        return
    height = sheet.grid.last - sheet.grid.first + 1
    lost = f"{height}-SUM(IF({sheet.listed},1,0))"
    yield Tally(sheet.form.number, f"{height * ONE_EVALUATED}+{lost}", "0")


def _roster_rows(sheet: _Sheet) -> Iterator[Tally]:
    if sheet.form.is_roster:
        listed = f"SUM(IF({sheet.listed},1,0))"
        nothing = f"SUM(IF({says_nothing(sheet.issue, sheet.form, sheet.grid)},1,0))"
        counts = f"IF({listed}+{nothing}=0,{FAILED},{listed}*{ONE_EVALUATED})"
        yield Tally(sheet.form.number, counts, "0")


def _total(sheet: _Sheet) -> Iterator[Tally]:
    """The 合计 row against its rows, where something was reported and all of it can be read."""
    rule = sheet.issue.column_rules["sheet"]
    line = sheet.grid.last + 2  # below the thin line
    label = sheet.issue.catalogue.settings.words.total_row[0]

    def count(field: Field) -> str:
        place, scale = sheet.grid.place(field.id), entry_scale(field)
        total = f"INDEX({sheet.grid.area},{line},{sheet.grid.columns[field.id]})"
        unreadable = f"SUM(IF({sheet.listed},IF(ISNUMBER({place})+{missing(place)}>0,0,1),0))"
        given = f"SUM(IF({sheet.listed},IF(ISNUMBER({place}),1,0),0))"
        summed = f"SUM(IF({sheet.listed},IF(ISNUMBER({place}),{place},0),0))"
        gap = f"ABS({total}-{summed}){f'*{scale:.15g}' if scale != 1 else ''}"
        is_known = f"({given}>0)*ISNUMBER({total})*({unreadable}=0)"
        return f"IF({is_known},IF({gap}<={rule.tolerance},{HELD},{FAILED}),{ONE_NOT_EVALUATED})"

    fields = (field for field in additive_fields(sheet.form) if field.id in sheet.grid.columns)
    return _in_lengths(sheet, ((count(field), str(line)) for field in fields), quoted(label))


def _township_total(sheet: _Sheet) -> Iterator[Tally]:
    """Rows 某镇小计 that a clerk puts in among the villages: named like the rows they sum up."""
    rule = sheet.issue.column_rules["township"]
    columns = {c.role: i for i, c in enumerate(sheet.rows.columns, start=1)}
    if "parent_name" not in columns or sheet.form.is_roster:
        return
    parents = sheet.grid.column(columns["parent_name"])
    suffix = sheet.issue.catalogue.settings.words.subtotal_suffix[0]
    names, ending = sheet.grid.column(sheet.rows.name_column + 1), quoted(suffix)
    own = f'SUBSTITUTE({names},{ending},"")'
    is_total = f"(RIGHT({names},{len(suffix)})={ending})"

    below = f"((TRANSPOSE({parents})={own})+(TRANSPOSE({names})={own})>0)"

    def part(field: Field) -> _Part:
        place = sheet.grid.place(field.id)
        summed = f"SUMIF({parents},{own},{place})+SUMIF({names},{own},{place})"
        given = "+".join(f'COUNTIFS({of},{own},{place},">-1E300")' for of in (parents, names))
        unreadable = f"IF(ISNUMBER({place})+{missing(place)}>0,0,1)"
        is_known = f"IF(SUM({unreadable})=0,1,MMULT(--{below},{unreadable})=0)*({given}>0)*ISNUMBER({place})"
        scale = entry_scale(field)
        breaks = f"ABS({place}-({summed})){f'*{scale:.15g}' if scale != 1 else ''}>{rule.tolerance}"
        weight = f"IF({is_known},IF({breaks},{FAILED},{HELD}),{ONE_NOT_EVALUATED})"
        return _Part(is_total, weight, f"IF({is_known},{breaks},0)", place)

    asked = (f for f in additive_fields(sheet.form) if f.id in sheet.grid.columns)
    has_any = f"COUNTIF({names},{quoted('*' + suffix)})=0"  # there rarely is one, and they are slow
    for tally in _tallies(sheet, map(part, asked)):
        yield Tally(tally.number, f"IF({has_any},0,{tally.counts})", tally.first, tally.place)


def _tallies(sheet: _Sheet, parts: Iterable[_Part]) -> Iterator[Tally]:
    """The fields of a sheet together."""
    formulas = (
        (
            f"SUM(IF({part.concerned},{part.weight},0))",
            f"IF({part.concerned},IF({part.breaks},ROW({part.place}),{NOWHERE}),{NOWHERE})",
        )
        for part in parts
    )
    return _in_lengths(sheet, formulas, named_line(sheet.grid, sheet.rows))


def _in_lengths(sheet: _Sheet, formulas: Iterable[tuple[str, str]], place: str) -> Iterator[Tally]:
    """Counts and firsts together in as many tallies as the length of a formula asks for."""
    counts: list[str] = []
    firsts: list[str] = []

    def tally() -> Tally:
        return Tally(sheet.form.number, "+".join(counts), f"MIN({','.join(firsts)})", place)

    for count, first in formulas:
        if counts and sum(map(len, (*counts, count))) > _LONGEST:
            yield tally()
            counts, firsts = [], []
        counts.append(count)
        firsts.append(first)
    if counts:
        yield tally()


_CHECKS: dict[Check, Callable[[_Sheet], Iterator[Tally]]] = {
    "required": _required,
    "key_required": _key_required,
    "range": _range,
    "whole": _whole,
    "date": _date,
    "unique": _unique,
    "unit_rows": _unit_rows,
    "roster_rows": _roster_rows,
    "sheet": _total,
    "township": _township_total,
}
