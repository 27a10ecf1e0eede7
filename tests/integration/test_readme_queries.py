"""The queries of both READMEs, run as they are pasted, on a warehouse of sample workbooks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.integration.conftest import NewInstallation
from warehouse.catalogue.load import DEFAULT_FOLDER
from warehouse.store.query import query

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")


def read_queries(name: str) -> list[str]:
    """The queries that stand as commands in the first block that has any."""
    blocks = re.findall(
        r"^```\n(.*?)^```", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    [block] = [b for b in blocks if "nianbao query" in b]
    words = shlex.split(block, comments=True)
    return [words[at + 1] for at, word in enumerate(words) if word == "query"]


def test_both_readmes_have_the_same_five_queries() -> None:
    english, chinese = map(read_queries, READMES)
    assert len(english) == 5
    assert english == chinese


@pytest.mark.parametrize("number", range(5))
def test_a_query_of_the_readme_works_as_pasted(settled: NewInstallation, number: int) -> None:
    database = settled((2024,), ("371625",), DEFAULT_FOLDER).home.database
    found = query(database, read_queries(READMES[0])[number])
    assert found.height > 0
    assert all(column.null_count() < found.height for column in found)
