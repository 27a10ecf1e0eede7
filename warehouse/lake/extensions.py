"""Loads DuckDB's extensions from their packages: nothing is fetched from anywhere."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from warehouse.lake.place import LakeFailed, LakePlace, PostgresCatalogue
from warehouse.store.schema.tables import quote

_INSTALL = "请按 requirements-shared.lock 安装多台主机所需的程序库。"


def list_extensions(place: LakePlace) -> list[Path]:
    """The files of the extensions that a lake needs, of this DuckDB's version, in the order of loading. LakeFailed."""
    names = ["ducklake"]
    if isinstance(place.catalogue, PostgresCatalogue):
        names.append("postgres_scanner")
    if place.keys is not None:
        names.append("httpfs")
    return [_find_extension(name) for name in names]


def load_extensions(connection: duckdb.DuckDBPyConnection, place: LakePlace) -> None:
    """Load what a lake needs into a connection. LakeFailed."""
    for file in list_extensions(place):
        connection.execute(f"LOAD {quote(str(file))}")


def _find_extension(name: str) -> Path:
    package = find_spec(f"duckdb_extension_{name}")
    folders = package.submodule_search_locations if package is not None else None
    if not folders:
        raise LakeFailed(f"没有 DuckDB 的扩展 {name}。{_INSTALL}")
    version = f"v{duckdb.__version__}"
    file = Path(folders[0]) / "extensions" / version / f"{name}.duckdb_extension"
    if not file.is_file():
        raise LakeFailed(f"DuckDB 的扩展 {name} 与 DuckDB {version} 的版本不同。{_INSTALL}")
    return file
