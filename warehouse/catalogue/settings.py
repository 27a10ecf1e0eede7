"""The typed model of catalogue.yaml: the city, its years, deadlines, the form head and the clerks' words."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import StringConstraints, field_validator, model_validator

from warehouse.catalogue.disclosure import Disclosure
from warehouse.catalogue.models import Chinese, Name, Record, in_force
from warehouse.words.workbook_texts import (
    ANSWER_SHEET,
    AUDIT_SHEET,
    GUIDE_SHEET,
    LIST_SHEET,
    NOTE,
    SERIAL,
    SIGNATURES,
    SUMS_SHEET,
    UNREAD_SHEET,
)


class City(Record):
    """The city whose association sums up."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    name: Chinese
    association: Chinese
    own_level_name: Chinese


class RowHeader(Record):
    """The label and other spellings of a column that names a row's org unit."""

    label: Chinese
    aliases: tuple[str, ...] = ()


class RowHeaders(Record):
    """The columns that identify a row's org unit; a roster's org column has a label of its own."""

    org_code: RowHeader
    org_name: RowHeader
    parent_name: RowHeader
    roster_org: RowHeader


class FormSet(Record):
    """The texts in the head of every form; one record for each span of report years."""

    version: Chinese
    issuer: Chinese
    approval: str = ""
    valid_until: Chinese
    since: int | None = None
    until: int | None = None


class Words(Record):
    """How clerks write what is not a number. Matching ignores spaces, width and letter case.

    The texts of the issued workbook (workbook_texts) are always included.
    """

    yes: tuple[str, ...]
    no: tuple[str, ...]
    not_applicable: tuple[str, ...]
    nothing_to_list: tuple[str, ...]
    total_row: tuple[str, ...]
    subtotal_suffix: tuple[str, ...]
    note_row_prefix: tuple[str, ...]
    part_row_prefix: tuple[str, ...] = ()
    ignored_columns: tuple[str, ...]
    empty_remarks: tuple[str, ...] = ()
    empty_explanations: tuple[str, ...] = ()
    cover_sheet: tuple[str, ...]
    other_sheets: tuple[str, ...]
    sample_mark: Chinese

    @field_validator("note_row_prefix")
    @classmethod
    def _add_printed_notes(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return _add_printed_words(texts, NOTE, *SIGNATURES)

    @field_validator("ignored_columns")
    @classmethod
    def _add_serial_number(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return _add_printed_words(texts, SERIAL)

    @field_validator("other_sheets")
    @classmethod
    def _add_printed_sheets(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return _add_printed_words(
            texts, GUIDE_SHEET, LIST_SHEET, ANSWER_SHEET, AUDIT_SHEET, SUMS_SHEET, UNREAD_SHEET
        )


def _add_printed_words(texts: tuple[str, ...], *printed: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*texts, *printed)))


class Deadline(Record):
    """The day of the year after the report year on which submissions are due.

    ``remind_before``, ``remind_after``: how many days before and after it a unit is reminded that has not reported.
    """

    month: int
    day: int
    remind_before: tuple[int, ...] = (14, 3)
    remind_after: tuple[int, ...] = (1, 7, 14)

    @model_validator(mode="after")
    def _check_day_exists(self) -> Deadline:
        try:
            date(2023, self.month, self.day)  # no leap year: the day must come every year
        except ValueError:
            raise ValueError(f"截止日期{self.month}月{self.day}日不是每年都有的日子") from None
        if min(*self.remind_before, *self.remind_after, 1) < 1:
            raise ValueError("催报的天数 remind_before、remind_after 应为不小于1的整数")
        return self

    def due_date(self, year: int) -> date:
        """The due date for report year ``year``."""
        return date(year + 1, self.month, self.day)


class Extension(Record):
    """A later due date that was granted to one reporting unit for one report year."""

    unit: str
    year: int
    until: date
    reason: Chinese


class Contact(Record):
    """Whom a unit turns to with a question, as receipts print it."""

    office: Chinese
    person: str = ""
    telephone: str = ""


class Settings(Record):
    """catalogue.yaml: the city, its years, the form head, the row headers and the clerks' words."""

    city: City
    first_year: int
    last_year: int
    deadline: Deadline
    extensions: tuple[Extension, ...] = ()
    form_set: FormSet  # of the newest year
    form_sets: tuple[FormSet, ...] = ()  # where form_set is a list: all of them
    contact: Contact | None = None
    disclosure: Disclosure | None = None  # none: nothing is protected
    licence: str = ""  # under what terms the published numbers may be used; printed in every export
    row_headers: RowHeaders
    cover_labels: dict[Name, tuple[str, ...]]
    words: Words

    @model_validator(mode="before")
    @classmethod
    def _one_or_several_form_sets(cls, content: Any) -> Any:
        """``form_set`` may be a list, one for each span of years."""
        if isinstance(content, dict) and isinstance(content.get("form_set"), list) and content["form_set"]:
            return {**content, "form_set": content["form_set"][-1], "form_sets": tuple(content["form_set"])}
        return content

    def in_year(self, year: int) -> Settings:
        """The settings with the head that forms of ``year`` print."""
        printed = next((f for f in self.form_sets if in_force(f, year)), self.form_set)
        return self.model_copy(update={"form_set": printed})

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Settings:
        lacking = [y for y in range(self.first_year, self.last_year + 1) if not self._has_form_set(y)]
        if lacking:
            raise ValueError(f"form_set 没有写明{lacking[0]}年度的报表版本")
        if self.first_year > self.last_year:
            raise ValueError(f"first_year（{self.first_year}）晚于 last_year（{self.last_year}）")
        return self

    @property
    def licence_text(self) -> str:
        """The licence as exports print it; where none is declared, that and whom to ask."""
        office = self.city.association
        return (
            self.licence
            or f"数据由{office}编制，未声明使用许可；转载或再加工前请征得{office}同意，并注明来源和版本。"
        )

    def _has_form_set(self, year: int) -> bool:
        return not self.form_sets or any(in_force(f, year) for f in self.form_sets)
