"""A way to a PostgreSQL server that breaks as soon as the server answers a COMMIT, before the answer has come through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class BreakingWay:
    """Listens on ``port`` and passes on to the server's; the next commit's answer is lost once it ``is_armed``."""

    def __init__(self, to: int) -> None:
        self.is_armed = False
        self._to = to
        self._is_committing = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for source, target in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pass_on, args=(source, target, source is client), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_asking: bool) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(65536):
                if is_asking and self.is_armed and b"COMMIT" in data:
                    self._is_committing.set()
                elif not is_asking and self._is_committing.is_set():
                    break
                target.sendall(data)
            for end in (source, target):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def losing_answers(port: int) -> Iterator[BreakingWay]:
    """Such a way to the server on ``port``."""
    way = BreakingWay(port)
    try:
        yield way
    finally:
        way.close()
