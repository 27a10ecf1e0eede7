"""A view is declared in one file and computed in another: neither goes without the other."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from warehouse.store.schema.tables import read_tables, tables

STORE = Path(__file__).parent.parent / "warehouse" / "store" / "schema"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy of the declaration that a test may bend."""
    shutil.copy(STORE / "tables.yaml", tmp_path)
    shutil.copytree(STORE / "sql", tmp_path / "sql")
    return tmp_path


def test_the_declaration_is_read_from_any_folder(store: Path) -> None:
    assert read_tables(store) == tables()


def test_a_view_without_its_file_is_refused_by_name(store: Path) -> None:
    (store / "sql" / "mart" / "headline.sql").unlink()
    with pytest.raises(ValueError, match=r"without SQL: sql/mart/headline\.sql$"):
        read_tables(store)


@pytest.mark.parametrize("name", ["mart/headlines", "quality/note"])
def test_a_file_without_a_declared_view_is_refused_by_name(store: Path, name: str) -> None:
    (store / "sql" / f"{name}.sql").write_text("SELECT 1", encoding="utf-8")
    with pytest.raises(ValueError, match=rf"no view is declared for sql/{name}\.sql$"):
        read_tables(store)


@pytest.mark.parametrize("path", sorted((STORE / "sql").rglob("*.sql")), ids=lambda path: path.stem)
def test_no_view_or_macro_compares_several_columns_with_in(path: Path) -> None:
    """DuckDB 1.1.3, in which the file is to open too, knows only one column there."""
    assert re.search(r"\([^()]*,[^()]*\)\s+IN\s+\((FROM|SELECT)", path.read_text(encoding="utf-8")) is None
