"""A city of many counties, derived from the declared one: its catalogue, and a filled workbook of each county.

County ``i`` is a copy of the ``i mod 7``-th real county with codes and a name of its own, so that townships and
villages per county vary as they really do. Writing the workbooks is preparation and never part of a measurement.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl
import yaml

from expectations.rulebook.rulebook import RuleBook, load_rules
from expectations.workbook.issued import Content, write_workbook
from flows.cli.sample_workbooks import name_workbook
from transforms.samples.sample_entries import make_sample_entries
from warehouse.catalogue.load import DEFAULT_FOLDER, Catalogue, load_catalogue

_FIRST_CODE = 300_001
_WRITERS = ("expectations", "transforms/samples*.py", "warehouse/catalogue")


@dataclass(frozen=True)
class City:
    """The folders of a synthetic city: its catalogue and its workbooks; how many units there are."""

    catalogue: Path
    workbooks: Path
    county_count: int
    township_count: int
    village_count: int


def prepare(cache: Path, county_count: int, year: int) -> City:
    """The city of ``county_count`` counties below ``cache``, written unless it is already there."""
    folder = cache / f"{county_count}-counties-{year}-{_fingerprint()}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _write(folder, county_count, year)
        (folder / "complete").touch()
    units = pl.read_csv(folder / "catalogue" / "registry" / "org_units.csv", infer_schema=False)
    counts = dict(units.group_by("level").len().iter_rows())
    return City(
        folder / "catalogue", folder / "workbooks", counts["county"], counts["township"], counts["village"]
    )


def _fingerprint() -> str:
    """Changes when anything changes that the workbooks come from."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for pattern in _WRITERS:
        for place in sorted(root.glob(pattern)):
            files = [place] if place.is_file() else sorted(place.rglob("*"))
            for file in files:
                if file.suffix in (".py", ".yaml", ".csv"):
                    digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _write(folder: Path, county_count: int, year: int) -> None:
    models = _counties(load_catalogue(), year)
    shutil.copytree(
        DEFAULT_FOLDER, folder / "catalogue", ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    registry = folder / "catalogue" / "registry"
    _registry(load_catalogue(), models, county_count, year).write_csv(registry / "org_units.csv")
    (registry / "succession.csv").write_text("old_code,new_code,year,share\n", encoding="utf-8")
    (folder / "workbooks").mkdir()
    jobs = [(str(folder), model, code, year) for model, code, _ in _copies(models, county_count)]
    context = multiprocessing.get_context("spawn")  # polars must not be combined with fork
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        for _ in pool.map(_write_county, jobs, chunksize=8):
            pass


def _counties(catalogue: Catalogue, year: int) -> list[tuple[str, str]]:
    roster = catalogue.registry.roster(year).filter(pl.col("unit_level") == "county")
    return list(roster.select("unit_code", "unit_name").iter_rows())


def _copies(models: list[tuple[str, str]], county_count: int) -> Iterator[tuple[str, str, str]]:
    """Code of the real county, code and name of its copy."""
    for index in range(county_count):
        code, name = models[index % len(models)]
        yield code, str(_FIRST_CODE + index), f"{name}{index + 1:03d}"


def _registry(
    catalogue: Catalogue, models: list[tuple[str, str]], county_count: int, year: int
) -> pl.DataFrame:
    units = catalogue.registry.units(year).select("org_code", "name", "level", "parent_code", "county_code")
    parts = [units.filter(pl.col("level") == "city")]
    for model, code, name in _copies(models, county_count):
        is_county = pl.col("level") == "county"
        parts.append(
            units.filter(pl.col("county_code") == model).with_columns(
                org_code=_recoded("org_code", code),
                parent_code=pl.when(is_county).then("parent_code").otherwise(_recoded("parent_code", code)),
                name=pl.when(is_county).then(pl.lit(name)).otherwise("name"),
            )
        )
    dates = {"valid_from": pl.lit(None, pl.Int32), "valid_to": pl.lit(None, pl.Int32)}
    return pl.concat(parts).drop("county_code").with_columns(**dates)


def _recoded(column: str, county: str) -> pl.Expr:
    """A code whose first six digits, the county's, are replaced."""
    return pl.concat_str(pl.lit(county), pl.col(column).str.slice(6))


@lru_cache(maxsize=1)
def _prepared(folder: str, year: int) -> tuple[Catalogue, RuleBook, list[dict[str, dict[str, pl.DataFrame]]]]:
    """Once in each writing process: the synthetic catalogue, the rules, the real city's entries of two years."""
    real = load_catalogue()
    spec = yaml.safe_load((real.folder / "samples.yaml").read_text(encoding="utf-8"))
    city = load_catalogue(Path(folder) / "catalogue")
    entries = [make_sample_entries(real, spec, wanted) for wanted in (year, year - 1)]
    return city, load_rules(None, city), entries


def _write_county(job: tuple[str, str, str, int]) -> None:
    folder, model, code, year = job
    city, rulebook, years = _prepared(folder, year)
    entries, prior = (
        {
            form: frame.with_columns(_recoded("org_code", code).alias("org_code"))
            for form, frame in of_year[model].items()
        }
        for of_year in years
    )
    name = str(city.registry.roster(year).filter(pl.col("unit_code") == code).item(0, "unit_name"))
    path = Path(folder) / "workbooks" / name_workbook(code, name, year)
    write_workbook(path, code, year, city, rulebook, Content(entries, prior or {}, is_sample=True))
