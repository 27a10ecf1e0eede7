"""What a night writes and what the terminal says of it, read as a clerk and an administrator read it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.settings import Installation
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import LANHE, Samples, new_installation, night
from tests.test_wording import UNFIT

EAST, WEST = "990101", "990102"
CHECK_VALUE = (
    r"(?<=校验[值码] )[0-9a-f]{8,16}(?![0-9a-f])"  # what two people compare; its letters are no word
)
FILES = r"[^\s│|“”（）]*\.(?:xlsx|txt|md|duckdb)|nianbao(?: [a-z]+)+(?: --[a-z]+)*"
"""Names of files are whoever's who named them, and commands are what an administrator types."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """After a night with a number that is none, a total that is wrong, and a file that is no workbook; tests only look."""
    home = tmp_path_factory.mktemp("words") / "home"
    made = new_installation(home, samples, [2023, 2024], [EAST, WEST], LANHE)
    [sent] = [path for path in made.home.inbox.rglob("*2024*.xlsx") if EAST in str(path)]
    book = ClerkWorkbook(sent)
    row = book.cell("兰2表", "走访户次")
    row.value = "约三十"
    book.save(sent)
    (made.home.inbox / EAST / "报表.xlsx").write_bytes(b"PK\x03\x04 cut off")
    night(made)
    return made


def said(place: Installation, *command: str) -> str:
    """What the terminal shows of a command, words only."""
    options = ["--home", str(place.home.root), "--catalogue", str(LANHE)]
    run = subprocess.run(
        [sys.executable, "-c", "from flows.cli.app import main; main()", *options, *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr
    return run.stdout + run.stderr


def unfit(text: str) -> list[tuple[str, str]]:
    words = re.sub(CHECK_VALUE, "", re.sub(FILES, "", text))
    return [(what, found.group()) for what, pattern in UNFIT.items() if (found := pattern.search(words))]


def body(path: Path) -> str:
    """A page without its foot, where ids and hashes may stand in small print."""
    return path.read_text(encoding="utf-8").split("\n---\n")[0]


def test_receipts_and_the_digest_are_free_of_the_programs_words(place: Installation) -> None:
    receipts = sorted(place.home.outbox.rglob("回执_*.md"))
    assert any("约三十" in body(path) for path in receipts)
    assert {path.name: unfit(body(path)) for path in receipts} == {path.name: [] for path in receipts}
    digest = (place.home.site / "digest.md").read_text(encoding="utf-8")
    assert unfit(digest.rsplit("登记簿第", 1)[0]) == []


@pytest.mark.parametrize(
    "command",
    [
        ("status", "--year", "2024"),
        ("review", "list", "--year", "2024"),
        ("review", "explanations"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_the_terminal_is_free_of_the_programs_words(place: Installation, command: tuple[str, ...]) -> None:
    assert unfit(said(place, *command)) == []
