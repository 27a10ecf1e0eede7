"""Where a lake is: its catalogue, on PostgreSQL or in a file, and its Parquet files, in a folder or on S3."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


class LakeFailed(Exception):
    """A lake cannot be reached, read or written; one Chinese sentence with what to do, without secrets."""


class LakeEmpty(LakeFailed):
    """Nobody has published into the lake yet, or not the office that is asked for."""


@dataclass(frozen=True)
class PostgresCatalogue:
    """A database of a PostgreSQL server that holds the catalogue of one lake; what is empty is libpq's to find."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class StorageKeys:
    """How an S3 server is reached; ``endpoint`` is host:port, empty for Amazon's own."""

    key: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    region: str = ""
    endpoint: str = ""
    is_encrypted: bool = True


@dataclass(frozen=True)
class LakePlace:
    """A lake. ``data`` ends with a slash; ``label`` is what people and logs see of it."""

    label: str
    catalogue: PostgresCatalogue | Path
    data: str
    keys: StorageKeys | None = None
