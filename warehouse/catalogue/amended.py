"""Applies amendments to a catalogue: years opened, deadlines moved, units merged and renamed.

Each amendment is one dated entry of the journal; the files stay as they are. The amended catalogue is checked like the
files. Applying amendments twice, or in two runs, gives the same catalogue and the same version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.mistakes import CatalogueError
from warehouse.catalogue.registry_files import check_registry
from warehouse.catalogue.settings import Extension
from warehouse.registry.levels import Level
from warehouse.registry.registry import Registry
from warehouse.words.day_words import day_words

YEAR_OPENED, DEADLINE_MOVED, REGISTRY_CHANGED = "year_opened", "deadline_moved", "registry_changed"
CHANGES = ("open", "close", "rename", "merge", "split", "move")
"""The kinds of change to org units."""

_LEVEL_OF_DIGITS: Mapping[int, Level] = {6: "county", 9: "township", 12: "village"}


class AmendmentRefused(Exception):
    """An amendment that the catalogue does not allow; one Chinese sentence."""


@dataclass(frozen=True)
class Amendment:
    """One change: its kind and its payload (plain JSON).

    * year_opened: year
    * deadline_moved: unit_code, year, until (ISO date), reason
    * registry_changed: change (of CHANGES), year (the first in which it holds) and, as the change needs, org_code,
      name, parent_code, old_codes, heirs (new_code -> share)
    """

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)


def apply_amendments(catalogue: Catalogue, amendments: Sequence[Amendment]) -> Catalogue:
    """``catalogue`` after ``amendments``, in order. AmendmentRefused at the first that it does not allow."""
    if not amendments:
        return catalogue
    digest = hashlib.sha256(catalogue.version.encode())
    for amendment in amendments:
        catalogue = _STEPS[amendment.kind](catalogue, amendment.payload)
        digest.update(repr((amendment.kind, sorted(amendment.payload.items(), key=str))).encode())
    return replace(catalogue, version=digest.hexdigest()[:12])


def _open_year(catalogue: Catalogue, says: Mapping[str, Any]) -> Catalogue:
    year, settings = says["year"], catalogue.settings
    if year == settings.last_year:
        raise AmendmentRefused(f"{year}年度已经开放，无须再操作。")
    if year != settings.last_year + 1:
        raise AmendmentRefused(
            f"现在开放到{settings.last_year}年度，下一个应为{settings.last_year + 1}年度。"
        )
    return replace(catalogue, settings=settings.model_copy(update={"last_year": year}))


def _move_deadline(catalogue: Catalogue, says: Mapping[str, Any]) -> Catalogue:
    settings, year, unit = catalogue.settings, says["year"], says["unit_code"]
    if sentence := catalogue.explain_not_reported(year, unit):
        raise AmendmentRefused(sentence)
    until = date.fromisoformat(says["until"])
    if until <= date(year, 12, 31):
        raise AmendmentRefused(f"{year}年度的报送期限应在{year}年末以后，填的是{day_words(until)}。")
    granted = Extension(unit=unit, year=year, until=until, reason=says["reason"])
    others = tuple(e for e in settings.extensions if (e.unit, e.year) != (unit, year))
    return replace(catalogue, settings=settings.model_copy(update={"extensions": (*others, granted)}))


def _change_registry(catalogue: Catalogue, says: Mapping[str, Any]) -> Catalogue:
    year = says["year"]
    units, succession = _CHANGED[says["change"]](catalogue.registry, says, year)
    settings = catalogue.settings
    try:
        registry = check_registry(
            units,
            succession,
            settings.city.code,
            range(settings.first_year, settings.last_year + 2),
            catalogue.registry.is_asked,
            Path("名录"),
        )
    except CatalogueError as error:
        raise AmendmentRefused(f"{str(error).partition(': ')[2] or error}。") from None
    return replace(catalogue, registry=registry)


def _open_unit(registry: Registry, says: Mapping[str, Any], year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    code = says["org_code"]
    if code in registry.units(year)["org_code"]:
        raise AmendmentRefused(f"{_describe_unit(registry, code)}在{year}年度已在名录内。")
    level = _LEVEL_OF_DIGITS.get(len(code))
    if level is None:
        raise AmendmentRefused(f"单位代码“{code}”不对：县6位，乡镇9位，村12位。")
    new = _make_unit(registry, code, says["name"], level, says["parent_code"], year)
    return pl.concat([registry.all_units, new]), registry.succession


def _close_unit(registry: Registry, says: Mapping[str, Any], year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    return _end_units(registry, [says["org_code"]], year), registry.succession


def _rename_unit(registry: Registry, says: Mapping[str, Any], year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    before = _find_valid_unit(registry, says["org_code"], year)
    new = _make_unit(registry, before["org_code"], says["name"], before["level"], before["parent_code"], year)
    return pl.concat([_end_units(registry, [before["org_code"]], year), new]), registry.succession


def _merge_units(registry: Registry, says: Mapping[str, Any], year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    into, olds = says["org_code"], list(says["old_codes"])
    if into in olds:
        raise AmendmentRefused(f"{_describe_unit(registry, into)}不能并入它自己。")
    handed = pl.concat([_list_heirs(old, {into: 1.0}, year) for old in olds])
    return _end_units(registry, olds, year), pl.concat([registry.succession, handed])


def _split_unit(registry: Registry, says: Mapping[str, Any], year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    old, heirs = says["org_code"], dict(says["heirs"])
    goes_on = old in heirs
    units = registry.all_units if goes_on else _end_units(registry, [old], year)
    others = {code: share for code, share in heirs.items() if code != old}
    return units, pl.concat([registry.succession, _list_heirs(old, others, year)])


def _move_unit(registry: Registry, says: Mapping[str, Any], year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    before = _find_valid_unit(registry, says["org_code"], year)
    new = _make_unit(registry, before["org_code"], before["name"], before["level"], says["parent_code"], year)
    return pl.concat([_end_units(registry, [before["org_code"]], year), new]), registry.succession


def _find_valid_unit(registry: Registry, code: str, year: int) -> dict[str, Any]:
    """The unit as of the year before ``year``."""
    found = registry.units(year - 1).filter(pl.col("org_code") == code)
    if found.is_empty():
        raise AmendmentRefused(f"{year - 1}年度的名录内没有代码为 {code} 的单位。")
    return found.row(0, named=True)


def _end_units(registry: Registry, codes: list[str], year: int) -> pl.DataFrame:
    """All units, with those of ``codes`` valid until the year before ``year``."""
    for code in codes:
        _find_valid_unit(registry, code, year)
    is_last = pl.col("org_code").is_in(codes) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= year))
    return registry.all_units.with_columns(
        valid_to=pl.when(is_last).then(pl.lit(year - 1, pl.Int32)).otherwise("valid_to")
    )


def _make_unit(
    registry: Registry, code: str, name: str, level: Level, parent: str | None, year: int
) -> pl.DataFrame:
    row = (code, name.strip(), level, parent, year, None)
    return pl.DataFrame([row], schema=registry.all_units.schema, orient="row")


def _list_heirs(old: str, heirs: Mapping[str, float], year: int) -> pl.DataFrame:
    return pl.DataFrame(
        [(old, new, year, share) for new, share in heirs.items()],
        schema={"old_code": pl.String, "new_code": pl.String, "year": pl.Int32, "share": pl.Float64},
        orient="row",
    )


def _describe_unit(registry: Registry, code: str) -> str:
    found = registry.all_units.filter(pl.col("org_code") == code)
    return f"{found['name'][-1]}（{code}）" if found.height else code


_STEPS = {YEAR_OPENED: _open_year, DEADLINE_MOVED: _move_deadline, REGISTRY_CHANGED: _change_registry}
_CHANGED = dict(
    zip(CHANGES, (_open_unit, _close_unit, _rename_unit, _merge_units, _split_unit, _move_unit), strict=True)
)

__all__ = ["CHANGES", "Amendment", "AmendmentRefused", "apply_amendments"]
