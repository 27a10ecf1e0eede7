"""moto's S3 behind a door that may answer 503, by the first folder below the bucket: for some seconds, or until it is opened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

_BODY = (
    b"<Error><Code>ServiceUnavailable</Code><Message>Service is unable to handle request.</Message></Error>"
)
_FOREVER = float("inf")


class _Quiet(MotoRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing: a night asks hundreds of times."""


class UnsteadyS3:
    """A WSGI application in front of moto's; ``refused`` counts the answers 503 by folder."""

    def __init__(self) -> None:
        self._served = DomainDispatcherApplication(create_backend_app)
        self._lengths: dict[str, float] = {}
        self._until: dict[str, float] = {}
        self.refused: dict[str, int] = {}

    def close(self, folder: str, seconds: float = _FOREVER) -> None:
        """Answer 503 for whatever concerns a folder, for so many seconds from its next request."""
        self._lengths[folder] = seconds
        self._until.pop(folder, None)

    def open(self) -> None:
        """Serve everything."""
        self._lengths.clear()
        self._until.clear()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        asked = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        for folder, seconds in list(self._lengths.items()):
            if f"/{folder}" in asked or f"={folder}" in asked:  # an object, or the prefix of a listing
                until = self._until.setdefault(folder, time.monotonic() + seconds)
                if time.monotonic() < until:
                    self.refused[folder] = self.refused.get(folder, 0) + 1
                    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                    body = b"" if environ["REQUEST_METHOD"] == "HEAD" else _BODY
                    length = ("Content-Length", str(len(body)))
                    start("503 Service Unavailable", [("Content-Type", "application/xml"), length])
                    return [body]
        return self._served(environ, start)


@contextmanager
def run_unsteady_s3(patch: pytest.MonkeyPatch, bucket: str) -> Iterator[UnsteadyS3]:
    """The server with an empty bucket, as the environment leads to it; it ends with the block."""
    import boto3

    door = UnsteadyS3()
    server = make_server("127.0.0.1", 0, door, threaded=True, request_handler=_Quiet)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        patch.setenv(name, value)
    held = boto3.resource("s3").Bucket(bucket)
    held.create()
    try:
        yield door
    finally:
        door.open()
        held.objects.all().delete()
        held.delete()
        server.shutdown()
        serving.join()
