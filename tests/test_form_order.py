"""Whatever is listed by form stands in the order of the forms' numbers, not in that of their English ids."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from tests.small_city import BRIDGE_EAST, BRIDGE_WEST, EAST, published, question, small_city, told
from tests.warehouse_samples import sha
from warehouse.catalogue.frames import form_position
from warehouse.catalogue.load import Catalogue, load_catalogue
from warehouse.standing.outcomes import read_outcome
from warehouse.standing.questions import list_questions
from warehouse.standing.worklist import read_worklist

ROOT = Path(__file__).parents[1]
_IN_BRACKETS = r"\((?:[^()]|\([^()]*\))*\)"
BY_ID = re.compile(
    rf'ORDER BY(?:[^"()]|{_IN_BRACKETS})*?[ ,.]form\b|\bsort(?:_by)?\([^)]*"form"',  # to the end of the clause
    re.DOTALL,
)
"""A list that is put in the order of form ids; list_position(?, form) and form_place are the order of the catalogue."""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return small_city(tmp_path_factory.mktemp("city") / "lanhe")


@pytest.fixture(scope="module")
def warehouse(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The east asks about both forms, of each a warning, a hint and a critical one; ids the other way round than numbers."""
    asked = [
        question(org, None, form=form, field=None, severity=severity, cell=f"C{row}", sheet="表")
        for row, (form, severity, org) in enumerate(
            [
                (form, severity, org)
                for form in sorted(catalogue.forms)
                for severity in ("warning", "info", "critical")
                for org in (BRIDGE_EAST, BRIDGE_WEST)
            ],
            start=8,
        )
    ]
    return published(
        tmp_path_factory.mktemp("home"), catalogue, told("now", 2, {EAST: 40.0}, asked=asked, decision="held")
    )


def numbers(frame: pl.DataFrame, catalogue: Catalogue) -> list[tuple[str, str]]:
    return [
        (severity, catalogue.forms[form].number)
        for severity, form in frame.select("severity", "form").iter_rows()
    ]


def test_the_small_citys_ids_stand_otherwise_than_its_numbers(catalogue: Catalogue) -> None:
    assert sorted(catalogue.forms) != list(catalogue.forms)


def test_a_unit_is_asked_the_grave_ones_first_and_those_in_the_order_of_the_forms(
    warehouse: Path, catalogue: Catalogue
) -> None:
    found = list_questions(
        read_outcome(warehouse).findings.filter(submission=sha("now")), list(catalogue.forms)
    )
    order = [form.number for form in catalogue.forms.values()]
    assert numbers(found, catalogue) == [
        (severity, number)
        for severity in ("critical", "warning", "info")
        for number in order
        if number in {catalogue.forms[form].number for form in found["form"]}
        for _ in range(2)
    ]
    for _, part in found.group_by("severity", "form", maintain_order=True):
        rows = part["cell"].str.strip_prefix("C").cast(pl.Int64)
        assert rows.is_sorted(), "C10 comes after C9"


def test_questions_of_the_same_effect_are_listed_by_form(warehouse: Path, catalogue: Catalogue) -> None:
    found = read_worklist(warehouse, 2024).filter(pl.col("effect_pct").is_null())
    listed = numbers(found, catalogue)
    assert len(set(listed)) > 2
    order = [form.number for form in catalogue.forms.values()]
    rank = {"critical": 0, "warning": 1}
    assert listed == sorted(listed, key=lambda each: (rank[each[0]], order.index(each[1])))


def test_what_is_of_no_form_stands_first() -> None:
    forms = load_catalogue().forms
    mixed = pl.DataFrame({"form": ["case", None, "warm_home", "organisation"]})
    assert mixed.sort(form_position(forms))["form"].to_list() == [None, "organisation", "warm_home", "case"]


@pytest.mark.parametrize("folder", ["flows", "expectations", "transforms", "warehouse"])
def test_nothing_is_sorted_by_the_id_of_a_form(folder: str) -> None:
    sources = [path for suffix in ("*.py", "*.yaml", "*.sql") for path in (ROOT / folder).rglob(suffix)]
    told = {
        path.relative_to(ROOT).as_posix()
        for path in sources
        for found in BY_ID.finditer(path.read_text(encoding="utf-8"))
        if "list_position(" not in found.group() and "row_number()" not in found.group()
    }
    assert told <= {"flows/answer/validation_report.py"}, "only the report for machines goes by ids"
