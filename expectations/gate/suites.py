"""Great Expectations: one suite per form and night over the whole batch; counts, pass or fail and severity come from here.

The only module that imports Great Expectations and pandas. Importing it takes 4-5 seconds: import it late.

What it is given is VERDICT, what every check says of every row: each column is an expectation of its own, that values be
in the set of True. Only counts are asked (listing failing rows costs about 0.2 ms each): rows are located by
:mod:`expectations.verdicts.locate_findings`.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import great_expectations as gx
import pandas as pd
import polars as pl
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.core.result_format import ResultFormat
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
    ExpectColumnValuesToBeInSet,
)
from great_expectations.expectations.expectation_configuration import (
    ExpectationConfiguration,
    parse_result_format,
)
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.metrics.column_aggregate_metric_provider import (
    ColumnAggregateMetricProvider,
    column_aggregate_value,
)
from great_expectations.render.components import LegacyDiagnosticRendererType
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.view.view import DefaultJinjaPageView
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.v1_validator import Validator
from great_expectations.validator.validator import ValidationDependencies

from expectations.verdicts.rule_checks import Check
from expectations.verdicts.verdicts import Suite
from warehouse.catalogue.frames import Verdicts

logging.getLogger("great_expectations").setLevel(logging.ERROR)

_HOLDS = 1.0
_NO_TIME = "19700101T000000.000000Z"  # the renderer wants one; the page does not show it


class _RuleCounts(ColumnAggregateMetricProvider):
    """Of a column of VERDICT as :func:`_to_pandas` gives it: how many rows there are, how many say nothing, how many fail."""

    metric_name = "column.rule_counts"

    @column_aggregate_value(
        engine=PandasExecutionEngine, filter_column_isnull=False
    )  # else each column copies the frame
    def _pandas(cls, column: pd.Series, **more: Any) -> dict[str, int]:  # noqa: N805 - called with the class
        del more
        not_evaluated = int(column.isna().sum())
        return {
            "rows": len(column),
            "not_evaluated": not_evaluated,
            "failed": len(column) - not_evaluated - int((column == _HOLDS).sum()),
        }


class ExpectRuleToHold(ExpectColumnValuesToBeInSet):
    """A column of VERDICT: the rule holds in every row in which it was evaluated.

    Only counts are asked, all of them by one metric where the library would ask for five that depend on each other, and the
    configuration is built once instead of seventy times.
    """

    @property
    def configuration(self) -> ExpectationConfiguration:
        known = self.__dict__.get("_configuration")
        if known is None:
            known = super().configuration
            self.__dict__["_configuration"] = known
        return known

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)
    def _diagnostic_observed_value_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None, **more: Any
    ) -> str:
        """The counts as :func:`render_page` shows them, since the library's percentages and counts have different bases."""
        del configuration, runtime_configuration, more
        return str(result.result.get("observed_value", "--"))

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None, **more: Any
    ) -> ValidationDependencies:
        del runtime_configuration, more
        of_domain = {"column": self.column, "batch_id": self.batch_id}
        metrics = {_RuleCounts.metric_name: MetricConfiguration(_RuleCounts.metric_name, of_domain)}
        return ValidationDependencies(metrics, parse_result_format(ResultFormat.BASIC))

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        counted = metrics[_RuleCounts.metric_name]
        by_name = {
            "table.row_count": counted["rows"],
            "column_values.nonnull.unexpected_count": counted["not_evaluated"],
            f"{self.map_metric}.unexpected_count": counted["failed"],
        }
        result: dict[str, Any] = super()._validate(by_name, runtime_configuration, execution_engine)
        return result


@dataclass(frozen=True)
class Counts:
    """The counts of Great Expectations for one check."""

    check: str
    severity: str
    evaluated: int
    failed: int
    not_evaluated: int


@dataclass(frozen=True)
class SuiteRun:
    """The validated suite of one form: counts in the order of its checks, and the result for the Data Docs."""

    name: str
    title: str
    counts: list[Counts]
    result: ExpectationSuiteValidationResult


def run_suites(suites: Sequence[Suite]) -> list[SuiteRun]:
    """Validate the verdicts of each suite. Raises RuntimeError when an expectation fails to run."""
    context = gx.get_context(mode="ephemeral", project_config=_configure_silently())
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset("form")
    definition = asset.add_batch_definition_whole_dataframe("night")
    return [_run_suite(definition, suite) for suite in suites]


def _configure_silently() -> DataContextConfig:
    """A configuration that keeps everything in memory, sends nothing and prints nothing."""
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )


def _run_suite(definition: Any, suite: Suite) -> SuiteRun:
    validator = Validator(
        batch_definition=definition,
        batch_parameters={"dataframe": _to_pandas(suite.verdicts)},
        result_format=ResultFormat.BASIC,
    )
    result = validator.validate_expectation_suite(
        gx.ExpectationSuite(
            name=suite.title,
            expectations=[_make_expectation(c) for c in suite.checks],
            meta={"suite": suite.name},
        )
    )
    found = {
        count.check: count for count in (_read_counts(r, suite.concerned_counts) for r in result.results)
    }
    return SuiteRun(suite.name, suite.title, [found[check.id] for check in suite.checks], result)


def _read_counts(result: Any, concerned: Mapping[str, int]) -> Counts:
    """The counts of an expectation; adds to its result, for the pages, the number of rows concerned."""
    config, numbers = result.expectation_config, result.result
    check = config.meta["check"]
    if "unexpected_count" not in numbers:
        raise RuntimeError(f"Great Expectations could not run {check}: {result.exception_info}")
    evaluated = int(numbers["element_count"]) - int(numbers.get("missing_count") or 0)
    skipped = max(concerned[check] - evaluated, 0)
    numbers.update(element_count=evaluated + skipped, missing_count=skipped)
    severity = str(getattr(config.severity, "value", config.severity))
    return Counts(check, severity, evaluated, int(numbers["unexpected_count"]), skipped)


def _to_pandas(verdicts: Verdicts) -> pd.DataFrame:
    """True as 1.0, False as 0.0, not evaluated as NaN: numpy floats are counted fastest."""
    return verdicts.select(pl.all().cast(pl.Float32)).to_pandas()


def _make_expectation(check: Check) -> ExpectRuleToHold:
    return ExpectRuleToHold(
        column=check.id,
        value_set=[_HOLDS],
        severity=FailureSeverity(check.rule.severity),
        meta={"check": check.id, "rule": check.rule.id, "form": check.form, "label": check.label},
        description=check.words,
    )


def describe_counts(counts: Mapping[str, Any]) -> str:
    """``核对92行，不成立1行（1.09%）；未核对3行``: counts and percentage of the same rows."""
    missing, failed = int(counts.get("missing_count") or 0), int(counts.get("unexpected_count") or 0)
    evaluated = int(counts.get("element_count") or 0) - missing
    share = f"（{100 * failed / evaluated:.4g}%）" if failed else ""
    said = f"核对{evaluated}行，不成立{failed}行{share}" if evaluated else "没有可核对的行"
    return f"{said}；未核对{missing}行" if missing else said


def render_page(run: SuiteRun) -> str:
    """The Data Docs page of one suite as Great Expectations renders it, columns under their Chinese labels."""
    result = copy.deepcopy(run.result)
    for outcome in result.results:
        config = outcome.expectation_config
        if config is not None and "column" in config.kwargs:
            config.kwargs["column"] = config.meta["label"]
        outcome.result["observed_value"] = describe_counts(outcome.result)
        outcome.result.pop("unexpected_count", None)  # else the page says it once more, of all rows
    result.meta["run_id"] = RunIdentifier(run_name=run.name, run_time=_NO_TIME)
    page = ValidationResultsPageRenderer().render(result)
    for section in page.sections:  # versions, fingerprints and load times are no matter of the reader's
        section.content_blocks = [b for b in section.content_blocks if b.content_block_type != "collapse"]
    return str(_make_view().render(page))


@cache
def _make_view() -> DefaultJinjaPageView:
    """What pages are written with: each view compiles its templates anew, so all pages share one."""
    return DefaultJinjaPageView()
