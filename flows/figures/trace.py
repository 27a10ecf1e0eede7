"""The trace of a night for OpenTelemetry: a span of the night and one of each step, sent at its end where the environment says.

Names, times and counts are those of the log (Step); no person, file or sentence of a clerk's is in it. The spans belong to a
provider of their own: Prefect looks at the global one, and would add its own of every task.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from flows.error_log import note_error
from flows.figures.ended_night import EndedNight
from flows.system_words import explain_machine_fault

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Span

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_ANSWER_SECONDS = 3.0
_PATIENCE_SECONDS = 5.0
"""A name that nobody resolves keeps the library longer than it is told."""


def send_trace(night: EndedNight) -> None:
    """Send the night's trace where an endpoint is set; that it could not be sent is one sentence in the installation's log."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return  # and nothing of OpenTelemetry's SDK is imported
    if not (spans := make_spans(night)):
        return  # the environment wants none: OTEL_SDK_DISABLED, OTEL_TRACES_SAMPLER
    if (why := _export(spans)) is not None:
        sentence = "本次作业的追踪数据未能送到 OTEL_EXPORTER_OTLP_ENDPOINT 所指的地址，作业本身不受影响。"
        note_error(night.home, f"{sentence}{why}", night.run or "")


def make_spans(night: EndedNight) -> Sequence[ReadableSpan]:
    """The night and its steps, as they were."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import set_span_in_context

    ours = Resource({"service.name": "nianbao", "service.version": night.versions["code_version"]})
    made = InMemorySpanExporter()
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made))
    tracer = provider.get_tracer("nianbao", night.versions["code_version"])
    root = tracer.start_span(
        "rebuild" if night.is_from_scratch else "nightly",
        attributes=_describe_night(night),
        start_time=_nanoseconds(night.began),
    )
    for step in night.steps:
        span = tracer.start_span(
            step.name,
            set_span_in_context(root),
            attributes=_name_attributes(step.counts),
            start_time=_nanoseconds(step.began),
        )
        if step.broken_by:
            _mark_broken(span, "这一步没有完成", step.broken_by, step.ended)
        span.end(_nanoseconds(step.ended))
    if night.broken_by:
        _mark_broken(root, "夜间作业没有完成", night.broken_by, night.ended)
    root.end(_nanoseconds(night.ended))
    return made.get_finished_spans()


def _describe_night(night: EndedNight) -> dict[str, str | int]:
    return _name_attributes(
        {
            **({"run": night.run} if night.run else {}),
            **night.versions,
            "outcome": "broken_off" if night.broken_by else "good",
            "submission_count": len(night.decided),
            "unit_count": len({row["unit_code"] for row in night.decided} - {None}),
            **{f"{decision}_count": count for decision, count in night.decisions.items()},
            "left_count": night.left_count,
            "peak_memory_bytes": night.peak_memory_bytes,
        }
    )


def _name_attributes(values: Mapping[str, str | int]) -> dict[str, str | int]:
    return {f"nianbao.{name}": value for name, value in values.items()}


def _mark_broken(span: Span, what: str, error: BaseException, at: datetime) -> None:
    """The error's kind, and a sentence that quotes nothing: what the error itself says may name a file or a person."""
    from opentelemetry.trace import Status, StatusCode

    kind = type(error).__name__
    why = explain_machine_fault(error) or "原因见数据目录下的 last_failure.json 和 nianbao-error.log。"
    sentence = f"{what}（{kind}）：{why}"
    span.add_event("exception", {"exception.type": kind, "exception.message": sentence}, _nanoseconds(at))
    span.set_status(Status(StatusCode.ERROR, sentence))


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000


def _export(spans: Sequence[ReadableSpan]) -> str | None:
    """Send them in one request; why that failed, in the library's words. It is waited for a few seconds only."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    exporter = OTLPSpanExporter(timeout=_ANSWER_SECONDS)
    results: list[SpanExportResult] = []
    with _listening() as said:
        sending = threading.Thread(target=lambda: results.append(exporter.export(spans)), daemon=True)
        sending.start()
        sending.join(_PATIENCE_SECONDS)
    exporter.shutdown()
    if results == [SpanExportResult.SUCCESS]:
        return None
    return "\n".join(said) or f"no answer within {_PATIENCE_SECONDS:g} seconds"


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What the exporter logs meanwhile, which otherwise would go to the terminal."""
    said: list[str] = []
    logger, handler = logging.getLogger(_EXPORTER), logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated
