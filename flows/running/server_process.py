"""Prefect's own server as a process: `python -P -m flows.running.server_process <number of an open socket>`.

It serves that socket until its standard input breaks: its parent holds the other end, and has gone.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from importlib.metadata import version
from pathlib import Path

_QUIET = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


def main(handle: int) -> None:
    """Serve the socket with this number."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(_QUIET)
    laid_out = Path(os.environ["PREFECT_HOME"], f"laid-out-by-{version('prefect')}")
    if laid_out.exists():  # looking whether there is anything to lay out takes a second
        os.environ.setdefault("PREFECT_API_DATABASE_MIGRATE_ON_START", "false")
    import uvicorn
    from prefect.server.api.server import create_app

    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="error", lifespan="on"))
    with socket.socket(fileno=handle) as wire:
        threading.Thread(target=_note, args=(server, laid_out), daemon=True).start()
        server.run(sockets=[wire])


def _note(server: object, laid_out: Path) -> None:
    """Once the server has started, its database is that of this version."""
    import time

    while not getattr(server, "started", False):
        time.sleep(0.2)
    laid_out.touch()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
