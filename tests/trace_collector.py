"""An OpenTelemetry collector on this machine that keeps the spans that are sent to it over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What arrived, and where to send to."""

    address: str
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)  # as they stand in the request line
    headers: list[Message] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]

    @property
    def root(self) -> Span:
        """The span of the night."""
        [found] = [span for span in self.spans if not span.parent_span_id]
        return found

    @property
    def steps(self) -> list[Span]:
        return [span for span in self.spans if span.parent_span_id]


def read_attributes(holder: Any) -> dict[str, str | int]:
    """The attributes of a span, an event or a resource."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in holder.attributes}


@contextmanager
def serve_collector(status: int = 200, delay: threading.Event | None = None) -> Iterator[Collector]:
    """A collector that answers with ``status``; where there is a ``delay``, only once that is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = ExportTraceServiceRequest()
            request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
            made.requests.append(request)
            made.targets.append(self.path)
            made.headers.append(self.headers)
            if delay is not None:
                delay.wait()
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield made
        finally:
            if delay is not None:
                delay.set()
            server.shutdown()
            thread.join()
