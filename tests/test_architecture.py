"""What the import contract (pyproject.toml, import-linter) cannot say about the shape of the project."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("flows", "expectations", "transforms", "warehouse")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LOCKS = sorted(ROOT.glob("requirements*.lock"))

SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "base"}

LOCK_LINE = re.compile(
    r"""
    \s*\#.*                                                  # who asked for it
    | [a-z0-9-]+==[0-9][0-9a-z.+!]*(\ ;\ [^\\]+)?\ \\        # name, version, on which machines
    | \ {4}--hash=sha256:[0-9a-f]{64}(\ \\)?
    """,
    re.VERBOSE,
)
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def imported_roots(path: Path) -> set[str]:
    """First names of all modules a file imports, wherever in the file."""
    roots: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots.add(node.module.partition(".")[0])
    return roots


def test_every_module_is_named_for_what_it_does():
    unnamed = [str(path.relative_to(ROOT)) for path in MODULES + TESTS if path.stem in SAYS_NOTHING]
    assert not unnamed


def test_only_integration_tests_start_prefect():
    integration = ROOT / "tests" / "integration"
    starters = [
        path.name for path in TESTS if integration not in path.parents and "prefect" in imported_roots(path)
    ]
    assert not starters


def test_numbers_are_computed_by_hand_without_anything_of_the_house():
    """A second opinion: neither the packages nor what other tests are made of, only libraries."""
    by_hand = sorted((ROOT / "tests" / "by_hand").glob("*.py"))
    judge = ROOT / "tests" / "integration" / "test_numbers_by_hand.py"
    assert len(by_hand) > 5
    for path in (*by_hand, judge):
        foreign = imported_roots(path) - sys.stdlib_module_names
        assert foreign <= {"duckdb", "openpyxl", "pytest", "tests", "yaml"}, path.name
        assert set(
            re.findall(r"^\s*(?:from|import) tests\.(\w+)", path.read_text("utf-8"), re.MULTILINE)
        ) <= {"by_hand"}
        assert "from tests import" not in path.read_text("utf-8")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_holds_names_versions_and_hashes_only(lock: Path):
    strange = [line for line in lock.read_text().splitlines() if line and not LOCK_LINE.fullmatch(line)]
    assert not strange


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_names_no_address_and_no_path(lock: Path):
    # An address in a comment would still tell where the lock was made.
    addresses = re.findall(r"\w+://\S*|(?:^|\s)/\S+|--(?:extra-)?index-url|--find-links", lock.read_text())
    assert not addresses


def test_operators_and_developers_run_the_same_versions():
    runtime = dict(PIN.findall((ROOT / "requirements.lock").read_text()))
    development = dict(PIN.findall((ROOT / "requirements-dev.lock").read_text()))
    assert runtime
    assert runtime.items() <= development.items()


def test_every_claim_of_the_threat_model_names_a_test_that_there_is():
    files = {path.name: path.read_text(encoding="utf-8") for path in TESTS}
    last = ""
    named = re.findall(
        r"`(test_\w+\.py|…)(?:::(test_\w+))?`", (ROOT / "docs" / "threat_model.md").read_text()
    )
    assert len(named) > 15
    for file, test in named:
        last = last if file == "…" else file
        assert last in files, last
        assert f"def {test}(" in files[last] or not test, f"{last}::{test}"


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda page: page.name
)
def test_every_link_of_a_page_leads_to_a_file(page: Path):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    near = [link for link in links if not re.match(r"\w+:", link)]
    assert [link for link in near if not (page.parent / link).exists()] == []
