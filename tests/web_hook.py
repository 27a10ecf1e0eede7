"""A web hook on this machine that keeps what is posted to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class WebHook:
    """What was posted, and the address to post to (Apprise's)."""

    def __init__(self, port: int) -> None:
        self.posted: list[dict[str, Any]] = []
        self.address = f"json://127.0.0.1:{port}"

    @property
    def titles(self) -> list[str]:
        return [str(message["title"]) for message in self.posted]

    @property
    def last(self) -> str:
        """The text posted last."""
        return str(self.posted[-1]["message"])


def dead_address() -> str:
    """An address at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"json://127.0.0.1:{found.getsockname()[1]}"


@contextmanager
def web_hook() -> Iterator[WebHook]:
    """A hook that answers, and GET requests too."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.do_GET()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        hook = WebHook(server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()
