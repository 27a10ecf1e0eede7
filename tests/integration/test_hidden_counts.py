"""Small counts of families are in the restricted file alone: no table, page or report that is published has them."""

from __future__ import annotations

import json
import re
import shutil
import stat
import zipfile
from pathlib import Path

import polars as pl
import pytest

from flows.settings import Installation, Settings
from flows.summary.summary import write_summary_tables
from flows.yearbook.yearbook import write_yearbook
from tests.clerk_workbook import ClerkWorkbook
from tests.integration.conftest import Samples, copied, new_installation, night
from tests.integration.warehouse_content import assert_same_content, content
from tests.office_parts import read_parts
from tests.published_sums import find_bounds
from tests.read_yearbook import read_tables
from warehouse.catalogue.load import DEFAULT_FOLDER
from warehouse.store.query import query

COUNTIES = ["371602", "371625"]
FAMILIES, MEMBERS, BEREAVED, DISABLED = (
    "计生特殊家庭数",
    "计生特殊家庭成员数",
    "失独家庭成员数",
    "伤残家庭成员数",
)
SPRING, MEMBER_DAY, DOUBLE_NINTH, CONTACT = (
    "春节走访户次",
    "5·29走访户次",
    "重阳走访户次",
    "双岗联系人覆盖户数",
)
POPULATION, ACTION = "年2表", "年5表"
RARE = 4_937
"""A number that nothing else has by chance, so that it can be looked for in everything that is written."""


def write_counts(book: ClerkWorkbook, township: str, families: int, parts: tuple[int, int]) -> None:
    """Families of a township, the members lost and disabled, and three visits of as many families each."""
    for label, value in (
        (FAMILIES, families),
        (MEMBERS, sum(parts)),
        (BEREAVED, parts[0]),
        (DISABLED, parts[1]),
    ):
        book.enter(POPULATION, label, township, value)
    for label in (SPRING, MEMBER_DAY, DOUBLE_NINTH, CONTACT):
        book.enter(ACTION, label, township, families)


def townships(book: ClerkWorkbook) -> list[str]:
    return list(dict.fromkeys(code[:9] for code in book.villages()))


def bend(place: Installation, year: int, county: str, *counts: tuple[int, tuple[int, int]]) -> None:
    """Write counts into the first townships of the workbook of a county and year that waits in the inbox."""
    [sent] = place.home.inbox.rglob(f"{county}_{year}_*.xlsx")
    book = ClerkWorkbook(sent)
    for township, (families, parts) in zip(townships(book), counts, strict=False):
        write_counts(book, township, families, parts)
    book.save(sent)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """Two years of two counties; four townships with few families, one of them in both years."""
    made = new_installation(tmp_path_factory.mktemp("few") / "home", samples, [2023, 2024], COUNTIES)
    bend(made, 2024, COUNTIES[0], (2, (1, 1)), (1, (0, 1)), (30, (2, 28)))
    bend(made, 2024, COUNTIES[1], (2, (2, 1)))
    bend(made, 2023, COUNTIES[0], (2, (1, 1)))
    night(made)
    return made


@pytest.fixture(scope="module")
def rare(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> Installation:
    """A city that protects counts up to a number that can be looked for; a rule asks about it, and the clerk explains."""
    folder = tmp_path_factory.mktemp("rare")
    catalogue = folder / "catalogue"
    shutil.copytree(DEFAULT_FOLDER, catalogue)
    declared = catalogue / "catalogue.yaml"
    text = declared.read_text(encoding="utf-8")
    assert "  threshold: 2\n" in text
    declared.write_text(text.replace("  threshold: 2\n", f"  threshold: {RARE}\n"), encoding="utf-8")
    known = new_installation(folder / "home", samples, [2024], COUNTIES)
    made = Installation(Settings(home=known.home.root, catalogue=catalogue, workers=2, site=True))
    bend(made, 2024, COUNTIES[0], (RARE, (RARE - 1, 1)))
    [sent] = made.home.inbox.rglob(f"{COUNTIES[0]}_2024_*.xlsx")
    book = ClerkWorkbook(sent)
    book.cell(POPULATION, FAMILIES, townships(book)[0]).value = f"{RARE:,}户"  # noted: the unit is taken off
    book.save(sent)
    night(made)
    return made


def suppressed(place: Installation) -> pl.DataFrame:
    return query(place.home.database, "FROM core.suppressed ORDER BY ALL")


def test_the_small_counts_and_others_that_protect_them_are_hidden(place: Installation) -> None:
    hidden = suppressed(place)
    small = query(
        place.home.restricted,
        """SELECT year, org_code, measure FROM core.rollup JOIN mart.dictionary AS d ON d.name = measure AND d.kind = 'measure'
           WHERE d.disclosure = 'protected' AND org_level = 'township' AND value BETWEEN 1 AND 2""",
    )
    assert small.height >= 12
    assert small.join(hidden, on=small.columns, how="anti").is_empty()
    assert hidden.height > small.height


def test_the_whole_numbers_lie_in_a_file_for_its_owner_alone(place: Installation) -> None:
    assert stat.S_IMODE(place.home.restricted.stat().st_mode) == 0o400
    assert stat.S_IMODE(place.home.database.stat().st_mode) == 0o440
    whole = query(place.home.restricted, "SELECT count(*) FROM core.measure WHERE state = 'suppressed'")
    assert whole.item() == 0


def test_a_hidden_count_has_no_number_in_any_table(place: Installation) -> None:
    hidden = suppressed(place)
    rows = 0
    for name, frame in content(place.home.database).items():
        what = next((c for c in ("measure", "field", "indicator") if c in frame.columns), None)
        if not {"year", "org_code", "value"} <= set(frame.columns) or what is None or name == "mart.term":
            continue
        later = 1 if name == "core.previous" else 0  # its year is the one after that of the number
        of_year = hidden.select(pl.col("year") + later, "org_code", pl.col("measure").alias(what))
        of_hidden = frame.join(of_year, on=["year", "org_code", what], how="semi")
        rows += of_hidden.height
        assert of_hidden["value"].cast(pl.String).fill_null("*").eq("*").all(), name
    assert rows > 100


def test_what_is_made_of_a_hidden_count_is_hidden_and_says_so(place: Installation) -> None:
    township = query(
        place.home.restricted,
        "SELECT min(org_code) FROM core.rollup WHERE measure = 'special_family_count' AND value = 2 AND org_level = 'township'",
    ).item()
    found = query(
        place.home.database,
        """SELECT indicator, value, numerator, denominator, state FROM mart.indicator
           WHERE year = 2024 AND org_code = ? AND indicator IN ('dual_contact_coverage_pct', 'special_family_visit_count')""",
        [township],
    )
    assert found.height >= 1
    assert set(found["state"]) == {"suppressed"}
    assert found.select("value", "numerator", "denominator").null_count().row(0) == (found.height,) * 3


def test_what_is_not_protected_is_as_it_was(place: Installation) -> None:
    kept = "FROM mart.indicator WHERE state <> 'suppressed' ORDER BY ALL"
    published = query(place.home.database, kept)
    whole = query(place.home.restricted, kept)
    assert published.join(whole, on=published.columns, how="anti", nulls_equal=True).is_empty()
    hidden = whole.height - published.height
    assert 0 < hidden < 0.02 * whole.height
    city = query(place.home.database, "SELECT count(*) FROM mart.headline WHERE state = 'suppressed'")
    assert city.item() == 0


def test_no_hidden_count_can_be_worked_out_of_the_published_tables(place: Installation) -> None:
    truth = {
        (year, code, measure): value
        for year, code, measure, value in query(
            place.home.restricted, "SELECT year, org_code, measure, value FROM core.rollup"
        ).iter_rows()
    }
    bounds = find_bounds(place.home.database)
    assert len(bounds) == suppressed(place).height
    for cell, (low, high) in bounds.items():
        assert low - 1e-6 <= truth[cell] <= high + 1e-6, cell
        assert high - low > 2, f"{cell} lies between {low:g} and {high:g}"


def test_what_is_hidden_stays_hidden_and_a_rebuild_hides_the_same(
    place: Installation, tmp_path: Path
) -> None:
    again = copied(place, tmp_path / "home")
    before = suppressed(again)
    night(again, from_scratch=True)
    assert_same_content(place.home.database, again.home.database)
    assert_same_content(place.home.restricted, again.home.restricted)
    again.home.restricted.unlink()
    night(again)
    assert suppressed(again).equals(before)
    assert_same_content(place.home.restricted, again.home.restricted)


def test_a_rare_number_is_in_no_text_that_is_published(rare: Installation) -> None:
    written = re.compile(rf"(?<![\d.]){RARE}(?!\d)|(?<![\d.]){RARE:,}")

    def is_in(text: str) -> bool:
        return written.search(text) is not None

    whole = content(rare.home.restricted)
    assert any(is_in(str(row)) for row in whole["quality.finding"].rows()), "a rule asks about it"
    assert any(is_in(str(row)) for row in whole["quality.note"].rows()), "it is noted how it was read"
    for name, frame in content(rare.home.database).items():
        assert [row for row in frame.rows() if is_in(str(row))] == [], name
    events = query(rare.home.database, "SELECT payload FROM quality.event")["payload"]
    assert not any(is_in(payload or "") for payload in events)
    pages = {
        file.relative_to(rare.home.site).as_posix(): file
        for file in rare.home.site.rglob("*")
        if file.is_file()
    }
    assert {"index.html", f"county_{COUNTIES[0]}.html", "assets/search_index.js", "digest.md"} <= set(pages)
    for name, file in pages.items():
        is_office = file.suffix in {".docx", ".xlsx"}
        texts = read_parts(file.read_bytes()) if is_office else [file.read_text(encoding="utf-8")]
        assert not any(map(is_in, texts)), name
    assert ">*</td>" in pages[f"county_{COUNTIES[0]}.html"].read_text(encoding="utf-8"), (
        "its mark stands there"
    )
    receipts = "".join(p.read_text(encoding="utf-8") for p in rare.home.outbox.rglob("*.md"))
    assert is_in(receipts), "the unit is told its own number"


def list_parts_with_rare(paper: Path) -> list[str]:
    """The parts of a workbook in which the number is written."""
    written = re.compile(rf"(?<![\d.]){RARE}(?![\d.])")
    with zipfile.ZipFile(paper) as parts:
        return [name for name in parts.namelist() if written.search(parts.read(name).decode())]


def test_a_rare_number_is_in_no_part_of_a_paper(rare: Installation, tmp_path: Path) -> None:
    """Neither in a cell nor in what a chart remembers of its cells."""
    paper, whole = tmp_path / "年鉴.xlsx", tmp_path / "全.xlsx"
    tables, catalogue = tmp_path / "汇总表.xlsx", rare.catalogue
    write_yearbook(rare.home.restricted, catalogue, 2024, whole)
    assert list_parts_with_rare(whole), "it would stand there if it were not hidden"
    write_summary_tables(rare.home.restricted, catalogue, 2024, whole, None, "township")
    assert list_parts_with_rare(whole), "it would stand there if it were not hidden"
    write_yearbook(rare.home.database, catalogue, 2024, paper)
    write_summary_tables(rare.home.database, catalogue, 2024, tables, None, "township")
    assert list_parts_with_rare(paper) + list_parts_with_rare(tables) == []
    marks = [read for read in read_tables(paper) if read.cell.value == "*"]
    assert "计生特殊家庭" in {read.head for read in marks}


def test_a_city_of_whose_files_none_stands_is_published_all_the_same(
    tmp_path: Path, samples: Samples
) -> None:
    """Nothing is there to be added up yet, and nothing to be hidden."""
    made = new_installation(tmp_path / "home", samples, [2024], COUNTIES[:1])
    [sent] = made.home.inbox.rglob("*.xlsx")
    book = ClerkWorkbook(sent)
    book.enter(POPULATION, MEMBERS, townships(book)[0], 4_000)  # not what its parts add up to
    book.save(sent)
    assert night(made).submissions["decision"].to_list() == ["held"]
    assert query(made.home.database, "SELECT count(*) FROM quality.finding").item() > 0


def test_the_journal_names_what_is_hidden_and_no_number(rare: Installation) -> None:
    lines = [json.loads(line) for line in rare.home.journal.read_text(encoding="utf-8").splitlines()]
    [entry] = [line for line in lines if line["event"] == "suppressed"]
    assert set(entry["cells"]) == {"2024"}
    assert "special_family_count" in entry["cells"]["2024"]
