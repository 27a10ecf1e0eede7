"""The trace that a night sends where an endpoint is set: to a real collector over HTTP, through a proxy, and to nobody."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from flows.answer import outgoing
from flows.error_log import ERROR_LOG
from flows.figures.night_log import LOG
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, night
from tests.integration.test_figures_of_a_night import CLERK, read_log
from tests.message_servers import free_port
from tests.trace_collector import Collector, read_attributes, serve_collector
from warehouse.store.query import query

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
NOT_SENT = "追踪数据未能送到"


@pytest.fixture
def place(installation: NewInstallation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = installation([2024], catalogue=LANHE)
    (made.home.inbox / f"{CLERK}的通讯录.xlsx").write_text(f"{CLERK} 13800000000")
    for name in [*os.environ]:
        if name.startswith("OTEL_") or name.lower() in {"http_proxy", "https_proxy", "all_proxy"}:
            monkeypatch.delenv(name)
    return made


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with serve_collector() as made:
        monkeypatch.setenv(ENDPOINT, made.address)
        yield made


def read_errors(place: Installation) -> str:
    log = place.home.root / ERROR_LOG
    return log.read_text(encoding="utf-8") if log.exists() else ""


def test_a_night_is_one_trace_of_the_steps_that_its_log_and_its_row_name(
    place: Installation, collector: Collector
) -> None:
    report = night(place)
    assert collector.targets == ["/v1/traces"]
    assert len({span.trace_id for span in collector.spans}) == 1
    root = read_attributes(collector.root)
    assert collector.root.name == "nightly"
    assert root["nianbao.run"] == report.run
    assert root["nianbao.outcome"] == "good"
    assert (root["nianbao.submission_count"], root["nianbao.accepted_count"]) == (4, 3)
    assert root["nianbao.catalogue_version"] == place.catalogue.version
    assert collector.root.status.code == Status.STATUS_CODE_UNSET

    logged = [(line["step"], line["seconds"]) for line in read_log(place) if line["event"] == "step_ended"]
    assert [
        (span.name, round((span.end_time_unix_nano - span.start_time_unix_nano) / 1e9, 3))
        for span in collector.steps
    ] == [(step, pytest.approx(seconds, abs=0.0011)) for step, seconds in logged]
    [run] = query(place.home.database, "FROM quality.run").to_dicts()
    spans = {span.name: span for span in collector.steps}
    took = (spans["check"].end_time_unix_nano - spans["check"].start_time_unix_nano) / 1e9
    assert took == pytest.approx(run["check_seconds"], abs=0.001)
    assert read_attributes(spans["check"]) == {"nianbao.submission_count": 3, "nianbao.unit_count": 3}
    for span in collector.steps:
        assert span.parent_span_id == collector.root.span_id
        assert collector.root.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= collector.root.end_time_unix_nano
    [resource] = [each.resource for each in collector.requests[0].resource_spans]
    assert read_attributes(resource)["service.name"] == "nianbao"
    assert NOT_SENT not in read_errors(place)


def test_a_trace_names_no_person_and_no_file(place: Installation, collector: Collector) -> None:
    night(place)
    [sent] = [str(request) for request in collector.requests]
    assert CLERK.encode() not in collector.requests[0].SerializeToString()
    assert "xlsx" not in sent
    assert str(place.home.root) not in sent


def test_what_breaks_a_night_off_is_the_status_of_its_step_and_of_the_night(
    place: Installation, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise OSError(28, "No space left on device", f"{CLERK}.xlsx")

    monkeypatch.setattr(outgoing, "write_corrections", break_off)
    with pytest.raises(OSError, match="No space"):
        night(place)
    [step] = [span for span in collector.steps if span.status.code == Status.STATUS_CODE_ERROR]
    assert step.name == "receipts"
    assert step.status.message == "这一步没有完成（OSError）：磁盘空间已满。"
    assert collector.root.status.message == "夜间作业没有完成（OSError）：磁盘空间已满。"
    assert read_attributes(collector.root)["nianbao.outcome"] == "broken_off"
    [event] = collector.root.events
    assert read_attributes(event)["exception.type"] == "OSError"
    assert CLERK.encode() not in collector.requests[0].SerializeToString()
    broken = [line for line in read_log(place) if "error" in line]
    assert [(line["event"], line.get("step")) for line in broken] == [
        ("step_ended", "receipts"),
        ("night_broke_off", None),
    ]


def test_a_night_that_breaks_off_before_it_is_open_is_a_trace_of_the_night_alone(
    place: Installation, collector: Collector
) -> None:
    place.home.journal.parent.mkdir(exist_ok=True)
    place.home.journal.mkdir()
    with pytest.raises(Exception, match="登记簿"):
        night(place)
    assert collector.steps == []
    assert collector.root.status.message.startswith("夜间作业没有完成（HomeUnfit）：")
    assert "nianbao.run" not in read_attributes(collector.root)


@pytest.mark.parametrize("state", ["nobody_listens", "no_such_host", "answers_never", "refuses"])
def test_an_endpoint_that_is_dead_fails_nothing_and_is_one_sentence(
    place: Installation, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    delay = threading.Event() if state == "answers_never" else None
    with serve_collector(status=401, delay=delay) as collector:
        addresses = {
            "nobody_listens": f"http://127.0.0.1:{free_port()}",
            "no_such_host": "http://collector.invalid:4318",
        }
        monkeypatch.setenv(ENDPOINT, addresses.get(state, collector.address))
        report = night(place)
    assert report.submissions.height == 4
    assert [line["event"] for line in read_log(place)][-1] == "night_ended"
    assert read_errors(place).count(NOT_SENT) == 1


def test_the_operators_names_and_headers_go_with_the_trace(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.address}/elsewhere")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "nianbao-of-lanhe")
        night(place)
    assert collector.targets == ["/elsewhere"]
    assert collector.headers[0]["Authorization"] == "Bearer abc"
    [resource] = [each.resource for each in collector.requests[0].resource_spans]
    assert read_attributes(resource)["service.name"] == "nianbao-of-lanhe"


def test_an_endpoint_elsewhere_is_spoken_to_through_the_proxy(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_collector() as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")  # as every command of nianbao's sets it
        monkeypatch.setenv(ENDPOINT, "http://collector.example:4318")
        night(place)
    assert proxy.targets == ["http://collector.example:4318/v1/traces"]
    assert proxy.root.name == "nightly"


def test_an_endpoint_on_this_machine_is_not_looked_for_behind_a_proxy(
    place: Installation, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    night(place)
    assert collector.root.name == "nightly"


def test_an_operator_can_switch_traces_off(
    place: Installation, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    night(place)
    assert collector.requests == []
    assert NOT_SENT not in read_errors(place)


def test_without_an_endpoint_nothing_of_the_sdk_is_imported(place: Installation, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from flows.figures.ended_night import EndedNight
from flows.figures.trace import send_trace
import flows.nightly
from flows.clock import TIME_ZONE
from datetime import datetime
send_trace(EndedNight(Path({str(tmp_path)!r}), Path("none"), datetime.now(TIME_ZONE)))
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert ended.stdout.strip() == "[]", ended.stderr
    assert (place.home.root / LOG).exists() is False
