"""The declared wishes of samples.yaml, typed: totals per year, ratios, names of known sites.

Every attribute is optional: whatever is not declared gets a plausible small value, so that a catalogue without
samples.yaml has samples too. A value may be given once or per year; a year that is not named takes the nearest
earlier one that is, else the earliest.
"""

from __future__ import annotations

from datetime import date
from typing import Any, TypeAlias, TypeVar, overload

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from warehouse.catalogue.models import Name, Record
from warehouse.registry.levels import Level

T = TypeVar("T")
Scalar: TypeAlias = StrictBool | StrictInt | StrictFloat | StrictStr
Yearly: TypeAlias = T | dict[int, T]

EQUAL = "equal"
"""The weight of rows that all get the same."""


class Term(Record):
    """A term of office whose renewals fall between two days; only the ``share`` of the units renew."""

    begin: date
    end: date
    share: float = 1.0


class UnitField(Record):
    """How the values of one field of a units form come about; the first of these that is given:

    ``value`` as it stands; ``choices`` label -> weight per level; ``terms`` dates of renewal; ``done_by`` whether the
    named date field is answered; ``rest_of`` first field less the others; ``ratio`` times field ``of``; ``total`` of
    the city, split exactly over the rows by ``weight`` (a field, a roster form: its rows per unit, or ``equal``;
    default: the unit's size), first over levels by ``level_shares``.
    """

    value: Yearly[Scalar] | None = None
    choices: dict[Level, dict[str, float]] | None = None
    terms: tuple[Term, ...] = ()
    done_by: Name | None = None
    rest_of: tuple[Name, ...] = ()
    ratio: Yearly[float] | None = None
    of: Name | None = None
    total: Yearly[int] | None = None
    weight: Name | None = None
    level_shares: dict[Level, float] | None = None
    minimum: int = 0
    at_most: Name | StrictInt | None = None
    spread: float | None = None  # how far units differ from each other: 0.25 is a quarter up or down
    jitter: float = 0.02  # how far a unit differs from its own long-term share in one year

    def list_followed(self) -> list[tuple[str, str]]:
        """The fields of which the unit's own value is needed first, each with the attribute that names it."""
        named = [("of", self.of), ("done_by", self.done_by), ("at_most", self.at_most)]
        named += [("rest_of", name) for name in self.rest_of]
        return [(attribute, name) for attribute, name in named if isinstance(name, str)]


class Presence(Record):
    """Units that have no association: they answer 否 in ``field`` and 不适用 in all others of the form.

    ``absent`` names codes (``371621004*``: all below); ``absent_count`` per level fills up by lot to that many.
    """

    field: Name
    absent: tuple[str, ...] = ()
    absent_count: dict[Level, Yearly[int]] = Field(default_factory=dict)


class UnitForm(Record):
    """A form with one row per org unit."""

    presence: Presence | None = None
    fields: dict[Name, UnitField] = Field(default_factory=dict)


class RosterField(Record):
    """How a field of a roster comes about; the first that is given.

    ``value`` as it stands; ``counts`` answer -> how many rows get it, others get ``otherwise``; ``joined`` (a year): the value
    is the year the row came onto the list, for rows of the first sample year one drawn from ``joined`` on; ``share`` of rows
    that say yes, those longest on the list first.
    """

    value: Yearly[Scalar] | None = None
    counts: dict[Scalar, Yearly[int]] | None = None
    otherwise: Scalar | None = None
    joined: int | None = None
    share: Yearly[float] | None = None


class RosterForm(Record):
    """A form with one row per thing.

    ``items``: rows of all units together at the end of each year, or of that year alone when ``annual``. ``names`` are
    patterns over {org}, {place} (a unit below it), {year} and the row's other fields. ``fixed`` rows are known by name:
    org_code, ``since``, and their fields.
    """

    items: Yearly[int] | None = None
    annual: bool = False
    names: tuple[str, ...] = ()
    fields: dict[Name, RosterField] = Field(default_factory=dict)
    fixed: tuple[dict[str, Any], ...] = ()


class WishRefused(ValueError):
    """A wish that the catalogue cannot fulfil; ``position``: where it stands in samples.yaml."""

    def __init__(self, position: list[str], sentence: str) -> None:
        super().__init__(sentence)
        self.position = position


class SampleSpec(Record):
    """samples.yaml. ``facts`` are the figures the samples must add up to: a number or its two bounds."""

    seed: str = "nianbao"
    sizes: dict[str, float] = Field(default_factory=dict)  # weight of each county; default: its villages
    name_suffixes: tuple[str, ...] = ()  # taken off a unit's name before it becomes part of another name
    units: dict[Name, UnitForm] = Field(default_factory=dict)
    rosters: dict[Name, RosterForm] = Field(default_factory=dict)
    facts: dict[Name, Scalar | tuple[float, float]] = Field(default_factory=dict)


@overload
def in_year(given: dict[int, T], year: int) -> T: ...
@overload
def in_year(given: T, year: int) -> T: ...
def in_year(given: Any, year: int) -> Any:
    """The value for ``year``: its own, else the nearest earlier one, else the earliest."""
    if not isinstance(given, dict):
        return given
    earlier = [y for y in given if y <= year]
    return given[max(earlier) if earlier else min(given)]
