"""The typed models a catalogue is read into: forms, fields, indicators, programmes, code lists.

Everything here is declared data of one city. Unknown keys are refused, so that a misspelt attribute never
passes silently. Chinese texts are what users see; ids are English and follow the grammar of names
(``_count``, ``_cny``, ``_pct``, ``_per_10k``, ``_code``, ``_name``, ``_date``, ``is_``/``has_``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from warehouse.registry.levels import Level
from warehouse.words.scales import SCALES, find_scale

FieldType = Literal["count", "cny", "rank", "year", "date", "boolean", "code", "text"]
NUMERIC_TYPES: frozenset[str] = frozenset({"count", "cny", "rank", "year"})

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Chinese = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Record(BaseModel):
    """A declared record: no unknown key, no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_years(name: str, since: int | None, until: int | None) -> None:
    if since is not None and until is not None and since > until:
        raise ValueError(f"“{name}”的起始年{since}晚于终止年{until}")


class Programme(Record):
    """A line of work 项目 of the association."""

    id: Name
    name_zh: Chinese


class Code(Record):
    """One entry of a code list; ``label`` is what is stored, ``aliases`` are other ways to write it.

    ``since`` and ``until`` are the report years in which it is offered and understood. An entry of the same label with
    other years has other aliases, so that an alias can move without changing the meaning of earlier workbooks.
    """

    label: Chinese
    aliases: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Code:
        _check_years(self.label, self.since, self.until)
        return self


class CodeList(Record):
    """A closed list of answers, in the order the form shows them."""

    id: Name
    codes: tuple[Code, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The stored labels of all years, in form order."""
        return tuple(dict.fromkeys(code.label for code in self.codes))

    def in_year(self, year: int) -> CodeList:
        """The list as it is offered in ``year``."""
        return self.model_copy(update={"codes": tuple(c for c in self.codes if in_force(c, year))})


class EarlierLabel(Record):
    """The label of a column up to a report year."""

    label: Chinese
    until: int


class Break(Record):
    """A change of what a number means 口径变更: from ``year`` on it is not to be compared with before without a word."""

    year: int
    text: Chinese


class Field(Record):
    """A column of a form.

    ``kind`` stands for numbers that add up: **stock** 时点 or **flow** 时期. ``levels`` narrows the rows a
    field applies to (default: all levels of the form). ``entry_unit`` is the unit the form is filled in when it
    differs from the stored one (万元 for yuan). ``low``/``high`` bound what is possible (critical when broken).
    """

    id: Name
    label: Chinese
    type: FieldType
    meaning: Chinese
    unit: str = ""
    entry_unit: str | None = None
    kind: Literal["stock", "flow"] | None = None
    group: str | None = None
    aliases: tuple[str, ...] = ()
    earlier_labels: tuple[EarlierLabel, ...] = ()
    levels: tuple[Level, ...] | None = None
    codes: Name | None = None
    required: bool = True
    low: float | None = None
    high: float | None = None
    since: int | None = None
    until: int | None = None
    breaks: tuple[Break, ...] = ()

    @model_validator(mode="after")
    def _check_entry_unit(self) -> Field:
        if find_scale(self.stated_unit, self.unit) is None:
            raise ValueError(
                f"entry_unit“{self.entry_unit}”不是“{self.unit}”的倍数（可用{'、'.join(SCALES)}）"
            )
        return self

    @property
    def stated_unit(self) -> str:
        """The unit that the form is filled in."""
        return self.entry_unit or self.unit

    @property
    def entry_scale(self) -> float:
        """Stored units per unit of entry: 10,000 where yuan are filled in as 万元."""
        return find_scale(self.stated_unit, self.unit) or 1.0

    @property
    def is_numeric(self) -> bool:
        """Whether the field holds a number."""
        return self.type in NUMERIC_TYPES

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Every heading of the field: the labels of all years, and the aliases."""
        return tuple(dict.fromkeys((self.label, *(e.label for e in self.earlier_labels), *self.aliases)))

    def in_year(self, year: int) -> Field:
        """The field under the label that it had in ``year``."""
        earlier = sorted((e for e in self.earlier_labels if year <= e.until), key=lambda e: e.until)
        return self.model_copy(update={"label": earlier[0].label}) if earlier else self

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Field:
        if self.type in ("count", "cny", "rank") and self.kind is None:
            raise ValueError(f"栏目“{self.label}”是数字，要用 kind 写明 stock（时点）或 flow（时期）")
        if self.type in ("count", "cny", "rank") and not self.unit:
            raise ValueError(f"栏目“{self.label}”是数字，要用 unit 写明单位，如 人、户次")
        if (self.type == "code") != (self.codes is not None):
            raise ValueError(f"栏目“{self.label}”：type 为 code 的要用 codes 写明代码表，其他的不写")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"栏目“{self.label}”的下限{self.low:g}大于上限{self.high:g}")
        if self.kind == "flow" and self.is_numeric and (self.low is None or self.low < 0):
            raise ValueError(f"栏目“{self.label}”是各年相加的数，要用 low 写明下限，且不小于0")
        _check_years(self.label, self.since, self.until)
        return self


class SharedFieldUse(Record):
    """A field defined once in shared_fields.yaml, used in a form under a label of that form."""

    shared: Name
    label: str | None = None
    aliases: tuple[str, ...] = ()
    required: bool | None = None


class Count(Record):
    """A measure counted from the rows of a form: how many rows satisfy ``where``.

    ``where`` reads the form's fields, ``org_level`` and ``year``, the report year.
    """

    id: Name
    label: Chinese
    unit: str
    kind: Literal["stock", "flow"]
    where: str
    levels: tuple[Level, ...] | None = None
    meaning: Chinese


class Form(Record):
    """A declared table 报表 a unit fills in; one sheet of the workbook.

    ``rows: units`` has one row per expected org unit of ``levels``; ``rows: roster`` has one row per thing
    (site, project, case), and ``key`` names the fields that identify it. ``reported_by`` says whose workbook
    holds the form: the counties' or the city's own.
    """

    id: Name
    number: Chinese
    title: Chinese
    programme: Name
    grain: Chinese
    rows: Literal["units", "roster"]
    levels: tuple[Level, ...]
    reported_by: tuple[Literal["county", "city"], ...]
    aliases: tuple[str, ...] = ()
    fields: tuple[Field, ...]
    counts: tuple[Count, ...] = ()
    key: tuple[Name, ...] = ()
    item_field: Name | None = None
    notes: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Form:
        _check_years(self.title, self.since, self.until)
        return self

    @property
    def is_roster(self) -> bool:
        """Whether rows are things rather than org units."""
        return self.rows == "roster"

    def field(self, name: str) -> Field:
        """The field called ``name``; KeyError when the form has none."""
        return find_named(self.fields, name)

    def levels_of(self, field: Field) -> tuple[Level, ...]:
        """The row levels at which ``field`` is asked."""
        return field.levels if field.levels is not None else self.levels

    def unit_text(self, fields: Iterable[Field]) -> str:
        """The units of measurement of ``fields``, as the form's head states them: 场次、份; of a roster that of its rows."""
        units = [unit for f in fields if (unit := f.stated_unit)]
        return "、".join(dict.fromkeys(units or [count.unit for count in self.counts]))

    def fields_at(self, levels: tuple[Level, ...], year: int) -> tuple[Field, ...]:
        """The fields asked at any of ``levels`` in ``year``, in form order."""
        return tuple(
            f for f in self.fields if in_force(f, year) and any(lv in self.levels_of(f) for lv in levels)
        )


class Measure(Record):
    """A number per org unit and year that adds up the hierarchy: a numeric field or a count of rows."""

    id: Name
    form: Name
    label: str
    unit: str
    kind: Literal["stock", "flow"]
    levels: tuple[Level, ...]
    where: str | None = None
    meaning: str

    @property
    def quantum(self) -> float:
        """The smallest part of the measure (one person, one cent); a unit's heirs get whole parts of its history."""
        return 0.01 if self.id.endswith("_cny") else 1.0


class Indicator(Record):
    """An annual number 指标 computed from measures by ``formula``.

    ``kind``: stock, flow, cumulative, rate, share, change, rank, streak. ``decimals`` rounds what is shown, never
    what is stored. ``denominator_note`` is only words; numerator and denominator come from the formula.
    """

    id: Name
    programme: Name
    name_zh: Chinese
    unit: str
    kind: Literal["stock", "flow", "cumulative", "rate", "share", "change", "rank", "streak"]
    formula: str
    meaning: Chinese
    levels: tuple[Level, ...] = ("city", "county", "township")
    decimals: int = 0
    is_published: bool = False
    source: str = ""
    breaks: tuple[Break, ...] = ()


class Dated(Protocol):
    """A record that is in force in some report years only."""

    @property
    def since(self) -> int | None: ...

    @property
    def until(self) -> int | None: ...


def in_force(record: Dated, year: int) -> bool:
    """Whether a dated record is asked, offered or printed in ``year``."""
    return (record.since is None or record.since <= year) and (record.until is None or year <= record.until)


def find_named(fields: tuple[Field, ...], name: str) -> Field:
    """The field called ``name``; KeyError when there is none."""
    for field in fields:
        if field.id == name:
            return field
    raise KeyError(name)
