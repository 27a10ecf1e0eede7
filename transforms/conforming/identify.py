"""Finds the unit and year of a workbook from its cover, its sheets' heads, its folder or its file name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from transforms.reading.file_read import FileRead
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.settings import City
from warehouse.registry.registry import Registry
from warehouse.words.folding import fold

_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_CODE = re.compile(r"(?<!\d)(\d{6})(?!\d)")


@dataclass(frozen=True, slots=True)
class Identity:
    """The reporting unit and year of a file; of a refused one the rule id and the details."""

    unit_code: str | None
    year: int | None
    refusal: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReportingUnits:
    """Folded names of the reporting units and their codes: of two counties that have one name, both."""

    codes_of: dict[str, frozenset[str]]
    name_of: dict[str, str]

    def find_all(self, text: str) -> frozenset[str]:
        """The units whose code or exact name is ``text``."""
        folded = fold(text).removesuffix(".0")
        code = re.sub(r"^(\d{6})0{3}(?:0{3})?$", r"\1", folded)
        return frozenset([code]) if code in self.name_of else self.codes_of.get(folded, frozenset())

    def find(self, text: str) -> str | None:
        """The unit whose code or exact name is ``text``; None when there is none, or several."""
        found = self.find_all(text)
        return next(iter(found)) if len(found) == 1 else None

    def find_inside(self, text: str) -> str | None:
        """The unit whose code or name ``text`` (a file name, say) contains; None when it contains none or several."""
        codes = {code for code in _CODE.findall(fold(text)) if code in self.name_of}
        if codes:
            return codes.pop() if len(codes) == 1 else None
        folded = fold(text)
        found = [(name, codes) for name, codes in self.codes_of.items() if name in folded]
        # 滨州市滨城区 names the city only as part of the county's address.
        outer = [
            codes for name, codes in found if not any(name != other and name in other for other, _ in found)
        ]
        counties = set().union(*outer)
        return counties.pop() if len(counties) == 1 else None


def identify(read: FileRead, file_name: str, folder: str | None, catalogue: Catalogue) -> Identity:
    """The unit and year of ``read``, received as ``file_name`` in the inbox's subfolder ``folder`` (None: none).

    A refused file has a unit and year where these could be found; its receipt goes to that unit.
    """
    settings = catalogue.settings
    year = _identify_year(read, file_name)
    is_open = year is not None and settings.first_year <= year <= settings.last_year
    units = list_reporting_units(catalogue, year if year is not None and is_open else settings.last_year)
    unit, refusal, detail = _identify_unit(read, file_name, folder, units)
    if read.status != "read" or not read.sheets:
        refusal, detail = ("refuse.no_sheet", "") if read.status == "read" else (read.status, read.detail)
    elif refusal is None and year is None:
        refusal = "refuse.unknown_year"
    elif refusal is None and not is_open:
        refusal = "refuse.year_out_of_range"
        detail = f"报告年度是{year}，可以报送{settings.first_year}—{settings.last_year}年"
    return Identity(unit, year, refusal, detail)


def _identify_unit(
    read: FileRead, file_name: str, folder: str | None, units: ReportingUnits
) -> tuple[str | None, str | None, str]:
    """The unit, or the refusal and its details."""
    code_text, name_text = read.cover.get("unit_code", ""), read.cover.get("unit_name", "")
    by_code = units.find(code_text) if code_text else None
    named = units.find_all(name_text) if name_text else frozenset()
    of_folder = _find_folder_unit(folder, units)
    if by_code and named and by_code not in named:
        return (
            of_folder,
            "refuse.unknown_unit",
            f"封面的单位代码是{units.name_of[by_code]}，单位名称是{name_text}",
        )
    if not by_code and len(named) > 1:
        if of_folder is None or of_folder not in named:
            return of_folder, "refuse.unknown_unit", f"有{len(named)}个单位名称是{name_text}，须写明单位代码"
        named = frozenset([of_folder])
    unit = by_code or next(iter(named), None)
    if unit is None and (code_text or name_text):
        return of_folder, "refuse.unknown_unit", f"填报单位写的是“{name_text or code_text}”"
    unit = unit or of_folder or units.find_inside(PurePath(file_name).stem)
    if unit is None:
        return None, "refuse.unknown_unit", ""
    if of_folder is not None and of_folder != unit:
        detail = f"工作簿是{units.name_of[unit]}的，文件夹是{units.name_of[of_folder]}的"
        return unit, "refuse.wrong_folder", detail
    return unit, None, ""


def find_years(text: str) -> set[int]:
    """The years that a text contains."""
    return {int(year) for year in _YEAR.findall(fold(text))}


def list_reporting_units(catalogue: Catalogue, year: int) -> ReportingUnits:
    """The codes and names of the reporting units of a year."""
    return _list_units(catalogue.registry, year, catalogue.settings.city)


@lru_cache(maxsize=64)  # asked of every file
def _list_units(registry: Registry, year: int, city: City) -> ReportingUnits:
    name_of = dict(registry.roster(year).select("unit_code", "unit_name").iter_rows())
    # The association of 滨城区 has the name of the city's: 滨州市计划生育协会.
    association = city.association.removeprefix(city.name)
    codes_of: dict[str, frozenset[str]] = {}
    for code, name in name_of.items():
        for spelling in (name, name + association, city.name + name, city.name + name + association):
            known = codes_of.get(fold(spelling), frozenset())
            # A spelling that is somebody else's name already is the first one's.
            if all(name_of[other] == name for other in known):
                codes_of[fold(spelling)] = known | {code}
    codes_of[fold(city.own_level_name)] = frozenset([city.code])
    return ReportingUnits(codes_of, {**name_of, city.code: city.own_level_name})


def _identify_year(read: FileRead, file_name: str) -> int | None:
    """The year on the cover; without one, the only year in the file name."""
    stated = read.cover.get("year")
    texts = [stated] if stated else [PurePath(file_name).stem]
    found = {year for text in texts for year in find_years(text)}
    if stated and not found:
        return None
    return found.pop() if len(found) == 1 else None


def _find_folder_unit(folder: str | None, units: ReportingUnits) -> str | None:
    if not folder:
        return None
    for part in PurePath(folder).parts:
        if unit := units.find(part) or units.find_inside(part):
            return unit
    return None
