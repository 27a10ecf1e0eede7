"""The stock recipe the engine is compared with: pandas with openpyxl, one GX validation and one insert per file.

This is what a careful office does with the usual libraries and no further thought. Each choice is in its favour:
every workbook is opened once for all its sheets, the GX context, data source and suite are made once, the
validation asks for SUMMARY results only, all sheets are validated in one go, and nothing is matched to the registry.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from expectations.rulebook.rulebook import load_rules
from expectations.sheets.layout import form_columns, sheet_name
from expectations.verdicts.column_checks import column_checks
from expectations.verdicts.rule_checks import row_checks, unit_checks
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Field, Form

_NUMBER_LINE = "甲"  # the last header line of an issued sheet begins with it


@dataclass
class StockSeconds:
    """Seconds for ``files`` workbooks, by step; ``observations`` cells were inserted, ``expectations`` per file."""

    files: int
    expectations: int
    observations: int = 0
    steps: dict[str, float] = field(default_factory=lambda: {"read": 0.0, "validate": 0.0, "insert": 0.0})

    @property
    def per_file(self) -> float:
        """Seconds a workbook."""
        return sum(self.steps.values()) / self.files


def run_stock_recipe(
    files: Sequence[Path], database: Path, catalogue: Catalogue, year: int, expectation_count: int
) -> StockSeconds:
    """Take the workbooks of counties one by one through the stock recipe; imports and set-up are not timed."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import duckdb
    import great_expectations as gx

    forms = catalogue.forms_of("county", year)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    batches = context.data_sources.add_pandas("stock").add_dataframe_asset("workbook")
    definition = batches.add_batch_definition_whole_dataframe("all")
    suite = context.suites.add(gx.ExpectationSuite("stock"))
    for expectation in _expectations(catalogue, forms, year, expectation_count):
        suite.add_expectation(expectation)
    result = StockSeconds(len(files), len(suite.expectations))
    connection = duckdb.connect(str(database))
    connection.execute("CREATE TABLE observation (submission TEXT, row BIGINT, field TEXT, value TEXT)")
    for path in files:
        start = time.perf_counter()
        frame = _read(path, catalogue, forms, year)
        read = time.perf_counter()
        definition.get_batch({"dataframe": frame}).validate(suite, result_format="SUMMARY")
        validated = time.perf_counter()
        long = frame.astype("string").reset_index(names="row").melt("row", var_name="field").dropna()
        long.insert(0, "submission", path.name)
        connection.execute("INSERT INTO observation SELECT * FROM long")
        inserted = time.perf_counter()
        result.observations += len(long)
        result.steps["read"] += read - start
        result.steps["validate"] += validated - read
        result.steps["insert"] += inserted - validated
    connection.close()
    return result


def count_expectations(catalogue: Catalogue, year: int) -> int:
    """How many GX expectations the night's own suites hold for what a county's workbook contains."""
    rulebook = load_rules(None, catalogue)
    checks = [
        check
        for form in catalogue.forms_of("county", year)
        for check in (
            *column_checks(form, rulebook, catalogue, has_totals=True),
            *row_checks(form, rulebook, catalogue),
        )
    ]
    return len(checks) + len(unit_checks(rulebook, catalogue))


def _read(path: Path, catalogue: Catalogue, forms: list[Form], year: int) -> Any:
    """Every form's sheet side by side in one wide frame; columns are ``form.field``, numbers are numbers."""
    import pandas as pd

    wanted = {sheet_name(form): form for form in forms}
    sheets = pd.read_excel(path, sheet_name=list(wanted), header=None, dtype=object, engine="openpyxl")
    parts = []
    for name, form in wanted.items():
        sheet = sheets[name]
        top = sheet.index[sheet[0] == _NUMBER_LINE][0] + 1
        columns = form_columns(catalogue, form, "county", year, has_prior=True)
        kept = [index for index, column in enumerate(columns) if column.role == "field"]
        part = sheet.iloc[top:, kept].reset_index(drop=True)
        part.columns = [f"{form.id}.{columns[index].field.id}" for index in kept]
        for index in kept:
            if columns[index].field.is_numeric:
                label = f"{form.id}.{columns[index].field.id}"
                part[label] = pd.to_numeric(part[label], errors="coerce")
        parts.append(part)
    return pd.concat(parts, axis=1)


def _expectations(catalogue: Catalogue, forms: list[Form], year: int, count: int) -> Iterator[Any]:
    """``count`` different expectations over the fields of the forms: one or two a field, then pairs of numbers."""
    import great_expectations.expectations as gxe

    fields = [
        (f"{form.id}.{f.id}", f)
        for form in forms
        for f in form.fields_at(catalogue.row_levels(form, "county"), year)
    ]
    numbers = [label for label, f in fields if f.is_numeric]
    made: list[Any] = [gxe.ExpectColumnValuesToNotBeNull(column=label, mostly=0.0) for label, _ in fields]
    made += filter(None, (_of_values(catalogue, label, f) for label, f in fields))
    for distance in range(1, len(numbers)):
        if len(made) >= count:
            break
        made += [
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=a, column_B=b, or_equal=True, mostly=0.0, ignore_row_if="either_value_is_missing"
            )
            for a, b in zip(numbers, numbers[distance:], strict=False)
        ]
    yield from made[:count]


def _of_values(catalogue: Catalogue, label: str, declared: Field) -> Any:
    import great_expectations.expectations as gxe

    if declared.is_numeric:
        low, high = declared.low or 0, declared.high
        return gxe.ExpectColumnValuesToBeBetween(column=label, min_value=low, max_value=high)
    if declared.type == "boolean":
        return gxe.ExpectColumnValuesToBeInSet(column=label, value_set=["是", "否"])
    if declared.codes is not None:
        return gxe.ExpectColumnValuesToBeInSet(
            column=label, value_set=list(catalogue.code_lists[declared.codes].labels)
        )
    return None
