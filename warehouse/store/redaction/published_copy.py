"""Writes the published warehouse from the whole one: every table as it is, but for what would tell a count that is not published.

What is hidden is decided elsewhere (core.suppressed); here it is followed into whatever reads it. Each table with something
to hide has its SELECT in ``sql/<schema>/<table>.sql``; a new file is written, since one that is changed keeps its former pages.
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

from warehouse.catalogue.load import Catalogue
from warehouse.store.build_file import BuildFile
from warehouse.store.connection import attach_read_only, open_in_memory
from warehouse.store.integrity import IntegrityError
from warehouse.store.schema.tables import Table, tables
from warehouse.store.statements import statement, view_statements

_REDACTED = view_statements(resources.files("warehouse.store.redaction").joinpath("sql"))
"""The SELECT of each table that has something to hide, by full name."""


def write_published_copy(whole: Path, copy: Path, catalogue: Catalogue) -> bool:
    """Write ``copy``, the warehouse ``whole`` (closed, of this version and catalogue) as it is published. IntegrityError.

    Returns whether it is the same bytes: so it is where there is nothing to hide.
    """
    if not _hides_anything(whole):
        shutil.copyfile(whole, copy)
        return True
    with PublishedCopy(copy, whole, catalogue):
        return False


def _hides_anything(whole: Path) -> bool:
    with open_in_memory() as connection:
        attach_read_only(connection, whole, "whole")
        found = connection.execute(statement("warehouse.store.redaction", "hides_anything")).fetchone()
    return found != (False,)


class PublishedCopy(BuildFile):
    """A published warehouse being written; used by :func:`write_published_copy`."""

    def __init__(self, path: Path, whole: Path, catalogue: Catalogue) -> None:
        super().__init__(path, None)
        self._whole = whole
        self._catalogue = catalogue

    def _fill(self) -> None:
        self._create_for(self._catalogue)
        attach_read_only(self._connection, self._whole, "whole")
        self._connection.execute("USE whole")  # of which the statements and the views they read speak
        for followed in (
            statement("warehouse.store.redaction", "hidden_sum"),
            statement("warehouse.store.redaction", "hidden_number"),
            statement("warehouse.store.redaction", "hidden_text"),
        ):
            self._connection.execute(followed)  # temporary tables of what is hidden
        self._connection.execute("USE warehouse")
        kept = [table for table in tables().values() if table.kind != "view"]
        if unlike := [table.full_name for table in kept if not self._copy(table)]:
            raise IntegrityError([f"公布库与全数库的行数不同：{'、'.join(unlike)}"])

    def _copy(self, table: Table) -> bool:
        """Copy a table without what is hidden; whether it has as many rows as the whole one."""
        name = table.full_name
        rows = _REDACTED.get(name, f"FROM whole.{name}")
        copied = self._connection.execute(f"INSERT INTO {name} BY NAME {rows}").fetchone()
        return copied == (self._count(f"whole.{name}"),)
