"""A catalogue of the whole country, or of some of its counties: the declared forms over the real division list.

Everything but the registry is the declared catalogue's. The top of a registry is a city, so the country stands there as
one; the sheets' list of names, rules and indicators know nothing of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import yaml

from benchmarks.division_list import COUNTRY_CODE, COUNTRY_NAME, DivisionList, list_units
from warehouse.catalogue.bulletin import BULLETIN
from warehouse.catalogue.load import DEFAULT_FOLDER

_OF_THE_CITY = ("*.py", "__pycache__", "samples.yaml", "registry")  # what a country does not take over
_ASSOCIATION = "中国计划生育协会"


def choose_counties(divisions: DivisionList, count: int) -> pl.Series:
    """Codes of ``count`` counties, spread evenly over the list; a smaller choice is part of every larger one.

    The order in which counties come in is that of the van der Corput sequence: each further county falls into the middle of
    the widest gap.
    """
    codes = divisions.levels["county"]["code"].sort()
    size = codes.len()
    width = max(1, (size - 1).bit_length())
    turned = [int(f"{number:0{width}b}"[::-1], 2) for number in range(2**width)]
    order = [place for place in turned if place < size]
    return codes.gather(sorted(order[:count]))


def write_catalogue(folder: Path, divisions: DivisionList, counties: pl.Series | None = None) -> Path:
    """Write the catalogue of ``counties`` (default: all) into ``folder``, which must not exist; returns it."""
    shutil.copytree(DEFAULT_FOLDER, folder, ignore=shutil.ignore_patterns(*_OF_THE_CITY))
    _amend(
        folder / "catalogue.yaml",
        city={
            "code": COUNTRY_CODE,
            "name": COUNTRY_NAME,
            "association": _ASSOCIATION,
            "own_level_name": f"{COUNTRY_NAME}本级",
        },
        extensions=[],
    )
    _amend(folder / BULLETIN, tiles={})  # which say where the city's counties lie
    registry = folder / "registry"
    registry.mkdir()
    list_units(divisions, counties).write_csv(registry / "org_units.csv")
    return folder


def _amend(path: Path, **changes: object) -> None:
    """Other values under some of the first keys of a YAML file."""
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    text = yaml.safe_dump(declared | changes, allow_unicode=True, sort_keys=False)
    path.write_text(text, encoding="utf-8")
