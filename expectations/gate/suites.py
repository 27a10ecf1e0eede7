"""Great Expectations: one suite per form and night over the whole batch; counts, pass or fail and severity come from here.

The only module that imports Great Expectations and pandas. Importing it takes 4-5 seconds: import it late.

Column rules are expectations of Great Expectations itself; rules over several columns are the custom
:class:`ExpectConditionsToHold`, which evaluates the rules' own polars expressions. Of all of them only counts are asked
(listing failing rows costs about 0.2 ms each): rows are located by :mod:`expectations.verdicts.findings`.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

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
from great_expectations.expectations.core.expect_column_values_to_be_between import (
    ExpectColumnValuesToBeBetween,
)
from great_expectations.expectations.core.expect_column_values_to_be_in_set import (
    ExpectColumnValuesToBeInSet,
)
from great_expectations.expectations.core.expect_column_values_to_not_be_null import (
    ExpectColumnValuesToNotBeNull,
)
from great_expectations.expectations.core.expect_compound_columns_to_be_unique import (
    ExpectCompoundColumnsToBeUnique,
)
from great_expectations.expectations.expectation import MulticolumnMapExpectation
from great_expectations.expectations.expectation_configuration import (
    ExpectationConfiguration,
    parse_result_format,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import get_metric_kwargs, get_metric_provider
from great_expectations.render.components import LegacyDiagnosticRendererType
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.view.view import DefaultJinjaPageView
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.v1_validator import Validator
from great_expectations.validator.validator import ValidationDependencies

from expectations.rulebook.condition import Condition
from expectations.verdicts.checks import Gate, GateKind

logging.getLogger("great_expectations").setLevel(logging.ERROR)

_NO_TIME = "19700101T000000.000000Z"  # the renderer wants one; the page does not show it
_FRAME_METRIC = "nianbao.frame"
_COUNTS_METRIC = "nianbao.conditions.counts"


class _CountsOnly:
    """Asks an expectation for its counts alone, and builds its configuration once instead of seventy times.

    This takes 2 ms an expectation instead of 14, which is what makes one suite per form and night affordable.
    """

    further_counts: ClassVar[tuple[str, ...]] = ("column_values.nonnull.unexpected_count", "table.row_count")

    @classmethod
    def _map_metric(cls) -> str:
        return str(getattr(cls, "map_metric"))  # noqa: B009  # declared by the expectation this is mixed into

    @property
    def configuration(self) -> ExpectationConfiguration:
        known = self.__dict__.get("_configuration")
        if known is None:
            known = super().configuration  # type: ignore[misc]
            self.__dict__["_configuration"] = known
        return known  # type: ignore[no-any-return]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.OBSERVED_VALUE)
    def _diagnostic_observed_value_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None, **more: Any
    ) -> str:
        """What :func:`page_of` says of the counts: the library's own percentages are of other rows than its counts."""
        del configuration, runtime_configuration, more
        return str(result.result.get("observed_value", "--"))

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None, **more: Any
    ) -> ValidationDependencies:
        del runtime_configuration, more
        kwargs = self.configuration.kwargs
        metrics = {}
        for name in (f"{self._map_metric()}.unexpected_count", *self.further_counts):
            defaults = get_metric_provider(name, execution_engine)[0].default_kwarg_values
            keys = get_metric_kwargs(name)
            of_domain, of_value = (
                {key: kwargs.get(key, getattr(self, key, defaults.get(key))) for key in keys[which]}
                for which in ("metric_domain_keys", "metric_value_keys")
            )
            metrics[name] = MetricConfiguration(name, of_domain, of_value)
        return ValidationDependencies(metrics, parse_result_format(ResultFormat.BASIC))


class ExpectAnswersToBeGiven(_CountsOnly, ExpectColumnValuesToBeInSet):
    """Every cell that is asked for has an answer: a value, a true zero, or not applicable."""


class ExpectCodesToBeListed(_CountsOnly, ExpectColumnValuesToBeInSet):
    """Every code is one of its list."""


class ExpectNumbersToBePossible(_CountsOnly, ExpectColumnValuesToBeBetween):
    """Every number lies within what is possible."""


class ExpectRowsToBePresent(_CountsOnly, ExpectColumnValuesToNotBeNull):
    """Every row that is expected stands in the sheet."""

    further_counts: ClassVar[tuple[str, ...]] = ("table.row_count",)


class ExpectItemsToBeListedOnce(_CountsOnly, ExpectCompoundColumnsToBeUnique):
    """No two rows of a roster have the same key."""

    further_counts: ClassVar[tuple[str, ...]] = (
        "compound_columns.unique.filtered_row_count",
        "table.row_count",
    )


_converted: dict[str, Any] = {"records": None, "frame": None}


class BatchFrame(TableMetricProvider):
    """The batch as a polars frame, converted once for all conditions."""

    metric_name = _FRAME_METRIC

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805  # the decorator makes it a class method
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> pl.DataFrame:
        del cls, metric_value_kwargs, metrics, runtime_configuration
        records = execution_engine.get_domain_records(metric_domain_kwargs)
        if _converted["records"] is not records:  # each condition asks for the metric anew
            _converted.update(records=records, frame=pl.from_pandas(records))
        frame: pl.DataFrame = _converted["frame"]
        return frame


class ConditionCounts(TableMetricProvider):
    """How many rows the conditions concern, on how many they could be evaluated, how many break them."""

    metric_name = _COUNTS_METRIC
    value_keys = ("conditions",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805  # the decorator makes it a class method
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, int]:
        del cls, execution_engine, metric_domain_kwargs, runtime_configuration
        counts: list[pl.Expr] = []
        for index, texts in enumerate(metric_value_kwargs["conditions"]):
            condition = Condition(**_tuples(texts))
            verdict = condition.verdict
            counts += [
                condition.concerned.sum().cast(pl.Int64).alias(f"concerned_{index}"),
                verdict.count().cast(pl.Int64).alias(f"evaluated_{index}"),
                verdict.not_().sum().cast(pl.Int64).alias(f"failed_{index}"),
            ]
        found = metrics[_FRAME_METRIC].select(counts).row(0, named=True)
        return {
            name: sum(found[f"{name}_{index}"] for index in range(len(metric_value_kwargs["conditions"])))
            for name in ("concerned", "evaluated", "failed")
        }

    @classmethod
    def _get_evaluation_dependencies(
        cls,
        metric: MetricConfiguration,
        configuration: Any = None,
        execution_engine: Any = None,
        runtime_configuration: Any = None,
    ) -> dict[str, MetricConfiguration]:
        del configuration, execution_engine, runtime_configuration
        return {_FRAME_METRIC: MetricConfiguration(_FRAME_METRIC, metric.metric_domain_kwargs)}


def _tuples(texts: Mapping[str, Any]) -> dict[str, Any]:
    """A condition's settings as they were before they travelled as JSON."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in texts.items()}


class ExpectConditionsToHold(_CountsOnly, MulticolumnMapExpectation):
    """Each condition holds in every row that it concerns and for which its operands were reported."""

    conditions: list[dict[str, Any]]

    map_metric: ClassVar[str] = _COUNTS_METRIC
    success_keys: ClassVar[tuple[str, ...]] = ("column_list", "conditions")

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: Any = None, **more: Any
    ) -> ValidationDependencies:
        del execution_engine, runtime_configuration, more
        counts = MetricConfiguration(
            _COUNTS_METRIC,
            metric_domain_kwargs={"batch_id": self.configuration.kwargs.get("batch_id")},
            metric_value_kwargs={"conditions": self.conditions},
        )
        return ValidationDependencies({_COUNTS_METRIC: counts}, parse_result_format(ResultFormat.BASIC))

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        counts = metrics[_COUNTS_METRIC]
        evaluated, failed = counts["evaluated"], counts["failed"]
        return {
            "success": failed == 0,
            "result": {
                "element_count": counts["concerned"],
                "unexpected_count": failed,
                "missing_count": counts["concerned"] - evaluated,
                "unexpected_percent": 100 * failed / evaluated if evaluated else None,
            },
        }


_ANSWERS = ("value", "zero", "not_applicable", "unreadable")


@dataclass(frozen=True)
class Counts:
    """What Great Expectations found for one gate. ``not_evaluated`` is null where it cannot tell."""

    gate: str
    severity: str
    evaluated: int
    failed: int
    not_evaluated: int | None


@dataclass(frozen=True)
class SuiteRun:
    """The validated suite of one form: counts in the order of the gates, and the result for the Data Docs."""

    name: str
    title: str
    counts: list[Counts]
    result: ExpectationSuiteValidationResult


def run_suites(work: Sequence[tuple[str, str, Sequence[Gate], pl.DataFrame]]) -> list[SuiteRun]:
    """Validate each (suite id, Chinese name, gates, prepared frame). Raises RuntimeError when an expectation fails to run."""
    context = gx.get_context(mode="ephemeral", project_config=_silent())
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset("form")
    definition = asset.add_batch_definition_whole_dataframe("night")
    runs = [_run(definition, name, title, gates, frame) for name, title, gates, frame in work if gates]
    _converted.update(records=None, frame=None)
    return runs


def _silent() -> DataContextConfig:
    """Everything in memory, nothing sent anywhere, nothing on the terminal."""
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )


def _run(definition: Any, name: str, title: str, gates: Sequence[Gate], frame: pl.DataFrame) -> SuiteRun:
    suite = gx.ExpectationSuite(
        name=title, expectations=[_expectation(gate) for gate in gates], meta={"suite": name}
    )
    validator = Validator(
        batch_definition=definition,
        batch_parameters={"dataframe": _to_pandas(frame, gates)},
        result_format=ResultFormat.BASIC,
    )
    result = validator.validate_expectation_suite(suite)
    found = {count.gate: count for count in map(_counts, result.results)}
    return SuiteRun(name, title, [found[gate.name] for gate in gates], result)


def _counts(result: Any) -> Counts:
    config = result.expectation_config
    if "unexpected_count" not in result.result:
        raise RuntimeError(f"Great Expectations could not run {config.meta['gate']}: {result.exception_info}")
    numbers = result.result
    missing = numbers.get("missing_count") or 0
    is_condition = config.type == "expect_conditions_to_hold"
    return Counts(
        gate=config.meta["gate"],
        severity=str(getattr(config.severity, "value", config.severity)),
        evaluated=int(numbers["element_count"]) - int(missing),
        failed=int(numbers["unexpected_count"]),
        not_evaluated=int(missing) if is_condition else None,
    )


def _to_pandas(frame: pl.DataFrame, gates: Sequence[Gate]) -> pd.DataFrame:
    """The columns that the gates read: numbers as numpy floats (checked vectorised), the rest backed by Arrow."""
    columns = list(dict.fromkeys(column for gate in gates for column in gate.columns))
    return frame.select(columns).to_pandas(
        types_mapper=lambda kind: None if "double" in str(kind) else pd.ArrowDtype(kind)
    )


def _expectation(gate: Gate) -> Any:
    common: dict[str, Any] = {
        "severity": gate.rule.severity,
        "meta": {"gate": gate.name, "rule": gate.rule.id, "form": gate.form, "label": gate.label},
        "description": gate.words,
    }
    return _BUILDERS[gate.kind](gate, common)


_BUILDERS: dict[GateKind, Any] = {
    "answers": lambda gate, common: ExpectAnswersToBeGiven(
        column=gate.columns[0], value_set=list(_ANSWERS), **common
    ),
    "codes": lambda gate, common: ExpectCodesToBeListed(column=gate.columns[0], **gate.settings, **common),
    "range": lambda gate, common: ExpectNumbersToBePossible(
        column=gate.columns[0], **gate.settings, **common
    ),
    "rows": lambda gate, common: ExpectRowsToBePresent(column=gate.columns[0], **common),
    "unique": lambda gate, common: ExpectItemsToBeListedOnce(
        column_list=list(gate.columns), ignore_row_if="any_value_is_missing", **common
    ),
    "conditions": lambda gate, common: ExpectConditionsToHold(
        column_list=list(gate.columns), **gate.settings, **common
    ),
}


def counted_words(counts: Mapping[str, Any]) -> str:
    """``核对92行，不成立1行（1.09%）；未核对3行``: counts and percentage of the same rows."""
    missing, failed = int(counts.get("missing_count") or 0), int(counts.get("unexpected_count") or 0)
    evaluated = int(counts.get("element_count") or 0) - missing
    share = f"（{100 * failed / evaluated:.4g}%）" if failed else ""
    said = f"核对{evaluated}行，不成立{failed}行{share}" if evaluated else "没有可核对的行"
    return f"{said}；未核对{missing}行" if missing else said


def page_of(run: SuiteRun) -> str:
    """The Data Docs page of one suite as Great Expectations renders it, columns under their Chinese labels."""
    result = copy.deepcopy(run.result)
    for outcome in result.results:
        config = outcome.expectation_config
        if config is not None and "column" in config.kwargs:
            config.kwargs["column"] = config.meta["label"]
        outcome.result["observed_value"] = counted_words(outcome.result)
        outcome.result.pop("unexpected_count", None)  # else the page says it once more, of all rows
    result.meta["run_id"] = RunIdentifier(run_name=run.name, run_time=_NO_TIME)
    page = ValidationResultsPageRenderer().render(result)
    for section in page.sections:  # versions, fingerprints and load times are no matter of the reader's
        section.content_blocks = [b for b in section.content_blocks if b.content_block_type != "collapse"]
    return str(DefaultJinjaPageView().render(page))
