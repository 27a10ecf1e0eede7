"""Settings every test runs under: no telemetry, no writing outside temporary folders, repeatable examples."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.example_counts import CI_EXAMPLES

if TYPE_CHECKING:
    from tests.integration.postgres import PostgresServer

# Before Prefect or Great Expectations is imported: both read these once.
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ.pop("NIANBAO_HOME", None)  # a test names its folder, else it would write into the user's
os.environ.pop("NIANBAO_CATALOGUE", None)
os.environ.pop("NIANBAO_INBOX", None)
os.environ.pop("NIANBAO_JOURNAL", None)
os.environ.pop("NIANBAO_ARCHIVE", None)
os.environ.pop("NIANBAO_OUTBOX", None)
os.environ.pop("NIANBAO_WORK", None)
os.environ.pop("NIANBAO_PUBLISH", None)
os.environ.pop("NIANBAO_TASK_RUNNER", None)
os.environ["NIANBAO_QUIET_SECONDS"] = "0"  # what a test puts into an inbox is finished
os.environ["NIANBAO_SITE"] = (
    "false"  # pages and papers take longer than a small night: a test that reads them says so
)

# How long an example takes is the machine's matter: no deadline. Another profile: pytest --hypothesis-profile=deep
settings.register_profile("dev", deadline=None, print_blob=True, max_examples=CI_EXAMPLES // 5)
settings.register_profile(
    "ci", deadline=None, print_blob=True, max_examples=CI_EXAMPLES * 3 // 5, derandomize=True
)
settings.register_profile("deep", deadline=None, print_blob=True, max_examples=CI_EXAMPLES * 20)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

LONGEST = (
    *(
        "test_live_checks",
        "test_six_years",
        "test_obedient_clerk",
        "test_ending",
        "test_rebuild",
        "test_damage",
    ),
    *("test_backup", "test_numbers_by_hand", "test_site_in_a_browser", "test_notebook", "test_papers"),
    *("test_lakehouse", "test_lake_writers", "test_workers_lost", "test_journal_table", "test_partitions"),
    *("test_corrections", "test_review", "test_bad_input", "test_round", "test_restated_year", "test_kept"),
    *("test_rollup", "test_series", "test_suites", "test_conform", "test_query", "test_completeness"),
    *("test_judge_rows", "test_contribution", "test_table_rows", "test_trace_formulas", "test_cli"),
)
"""Files that take a quarter of a minute and more of a core, the longest first; some of them are a single test."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Integration tests first: Prefect's server ends with the last. Long files first: no core waits for one at the end."""
    integration = Path(__file__).parent / "integration"
    sizes = Counter(item.path for item in items)

    def turn(item: pytest.Item) -> tuple[bool, int, int]:
        name = item.path.stem
        length = LONGEST.index(name) if name in LONGEST else len(LONGEST)
        return integration not in item.path.parents, length, -sizes[item.path]

    items.sort(key=turn)
    if (
        "NIANBAO_DEEP" not in os.environ
    ):  # make deep: variants of what one test shows already, each of them slow
        items[:] = [item for item in items if not item.get_closest_marker("deep")]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; whoever stops it starts it again."""
    from tests.integration.postgres import run_server

    with run_server() as server:
        yield server


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    """The address of an empty schema on it, which costs less than a database."""
    from tests.journal_tables import make_schema

    return make_schema(postgres.address("postgres"))
