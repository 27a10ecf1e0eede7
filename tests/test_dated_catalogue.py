"""What changes in the catalogue is dated: workbooks of earlier years are printed and read as they were."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from expectations.workbook.issued import write_workbook
from tests.measure_rows import EAST, LANHE
from transforms.conforming.odd_cells import ODD, parse_odd_cells
from transforms.reading.plan import make_reading_plan
from warehouse.catalogue.load import Catalogue, CatalogueError, load_catalogue

CODES = """- id: tier
  codes:
    - {label: 省级, aliases: [省]}
    - {label: 市级, aliases: [市, 区级], until: 2023}
    - {label: 市级, aliases: [市], since: 2024}
    - {label: 县级, aliases: [区级], since: 2024}
"""
FORM_SETS = """form_set:
  - {version: 2023版, issuer: 兰河市计划生育协会, valid_until: 2024年12月, until: 2023}
  - {version: 2024版, issuer: 兰河市计划生育协会, valid_until: 2026年12月, since: 2024}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The invented city, in which a label, a code list and the head of the forms change with 2024."""
    made = Path(shutil.copytree(LANHE, tmp_path / "catalogue"))
    (made / "code_lists.yaml").write_text(CODES, encoding="utf-8")
    settings = (made / "catalogue.yaml").read_text(encoding="utf-8")
    start, end = settings.index("form_set:"), settings.index("row_headers:")
    (made / "catalogue.yaml").write_text(settings[:start] + FORM_SETS + settings[end:], encoding="utf-8")
    care = made / "forms" / "2_care.yaml"
    care.write_text(
        care.read_text(encoding="utf-8").replace(
            "label: 走访户次,", "label: 走访慰问户次, earlier_labels: [{label: 走访户次, until: 2023}],"
        ),
        encoding="utf-8",
    )
    return made


@pytest.fixture
def catalogue(folder: Path) -> Catalogue:
    return load_catalogue(folder)


def printed(catalogue: Catalogue, year: int, folder: Path) -> set[str]:
    """Every text in the workbook that a county is issued for a year."""
    path = folder / f"{year}.xlsx"
    write_workbook(path, EAST, year, catalogue)
    sheets = openpyxl.load_workbook(path).worksheets
    return {str(cell) for sheet in sheets for row in sheet.values for cell in row if cell is not None}


def test_a_template_of_an_earlier_year_is_printed_as_it_was(catalogue: Catalogue, tmp_path: Path) -> None:
    before, after = (printed(catalogue, year, tmp_path) for year in (2023, 2024))
    assert "2023版" in before
    assert "2024版" in after
    assert not any("2024版" in text or text == "县级" or "走访慰问户次" in text for text in before)
    assert any("走访户次" in text for text in before)
    assert "县级" in after
    assert any("走访慰问户次" in text for text in after)


def test_an_answer_means_what_it_meant_in_its_year(catalogue: Catalogue) -> None:
    """The same bytes of 2023 gave another tier after an alias had moved."""
    said = [("区级", 2023), ("区级", 2024), ("县级", 2023), ("县级 ", 2024), ("市", 2023), ("市", 2024)]
    odd = pl.DataFrame(
        [
            {
                "form": "site", "index": n, "field": "tier", "raw": raw, "type": "code", "unit": "", "codes": "tier",
                "year": year, "scale": 1.0, "is_header_scale": False,
            }
            for n, (raw, year) in enumerate(said)
        ],
        schema=ODD,
    )  # fmt: skip
    found = parse_odd_cells(odd, catalogue)
    assert found["text"].to_list() == ["市级", "县级", None, "县级", "市级", "市级"]
    assert found["rule"].to_list()[2] == "conform.unknown_code"


def test_a_column_is_found_under_the_label_of_any_year(catalogue: Catalogue) -> None:
    labels = next(f for f in make_reading_plan(catalogue).forms if f.id == "care").labels
    assert labels["走访户次"] == labels["走访慰问户次"] == "visit_count"


def test_a_list_keeps_each_label_once(catalogue: Catalogue) -> None:
    assert catalogue.code_lists["tier"].labels == ("省级", "市级", "县级")
    assert catalogue.in_year(2023).code_lists["tier"].labels == ("省级", "市级")


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (
            "code_lists.yaml",
            "aliases: [市, 区级], until: 2023",
            "aliases: [市, 区级]",
            "“市级”在重叠的年份写了两条",
        ),
        ("code_lists.yaml", "区级], until: 2023", "区级], since: 2024, until: 2023", "晚于终止年2023"),
        ("code_lists.yaml", "aliases: [市], since: 2024", "aliases: [市, 区级], since: 2024", "“区级”既指"),
        ("catalogue.yaml", "until: 2023}", "until: 2022}", "没有写明2023年度的报表版本"),
    ],
)
def test_years_that_overlap_or_lack_are_refused(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=rf"{file}:\d+: ") as caught:
        load_catalogue(folder)
    assert says in str(caught.value)
