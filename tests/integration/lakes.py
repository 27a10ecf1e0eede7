"""Lakes of a test: an empty database of a PostgreSQL server and a folder; offices that write into them."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import duckdb

from flows.lake.address import parse_address
from flows.lake.publish import publish_into_lake
from tests.integration.postgres import PostgresServer
from tests.small_city import LANHE
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.lake.place import LakePlace

CITY, NEIGHBOUR = "990100", "990200"
"""The small city, and an office that has the same rows under another code."""
STAMPS = """SELECT office, count(DISTINCT stamp), min(stamp), count(*) FROM (
    SELECT office, value::INTEGER AS stamp FROM lake.mart.indicator
    UNION ALL SELECT office, org_name::INTEGER FROM lake.core.org_unit
    UNION ALL SELECT office, run::INTEGER FROM lake.quality.run
) GROUP BY office ORDER BY office"""
"""Of each office: how many different stamps, which, in how many rows."""
NIGHTS = "SELECT * FROM quality.snapshot WHERE author IS NOT NULL ORDER BY snapshot_id"
"""The snapshots of publications."""
_NUMBERS = count()


def make_database(server: PostgresServer) -> str:
    """The address of a new, empty database."""
    return server.make_database(f"lake{next(_NUMBERS)}")


def address_of(database: str, folder: Path | str) -> str:
    """As NIANBAO_PUBLISH takes it."""
    return f"ducklake:{database}?data={folder}"


def office(code: str) -> Catalogue:
    """The small city's catalogue, as that of another office."""
    known = load_catalogue(LANHE)
    city = known.settings.city.model_copy(update={"code": code, "name": f"{code}市"})
    return replace(known, settings=known.settings.model_copy(update={"city": city}))


def stamp(database: Path, number: int) -> None:
    """Let a warehouse say ``number`` wherever the invariant looks: indicators, names of units, the run."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"UPDATE mart.indicator_log SET value = {number}")
        connection.execute(f"UPDATE core.org_unit SET org_name = '{number}'")
        connection.execute(f"UPDATE quality.run SET run = '{number}'")


def stamped_copy(database: Path, target: Path, number: int) -> Path:
    """A copy that may be changed, stamped."""
    shutil.copyfile(database, target)
    target.chmod(0o600)
    stamp(target, number)
    return target


def write_numbers(place: LakePlace, code: str, database: Path, numbers: range) -> None:
    """Publish the warehouse once for each number."""
    known = office(code)
    for number in numbers:
        stamp(database, number)
        assert publish_into_lake(database, place, known) is not None
        sys.stdout.write(f"{number}\n")


if __name__ == "__main__":
    _address, _code, _database, _first, _end = sys.argv[1:]
    write_numbers(parse_address(_address, {}), _code, Path(_database), range(int(_first), int(_end)))
