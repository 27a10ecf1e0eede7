"""What was fetched from a source that may only be read: noted, so that it is not fetched every night."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from flows.fetching.remote_folder import RemoteFile
from warehouse.ledger.durability import make_folder, write_durably


class Seen:
    """The files of one source that were fetched and stay there, in ``<folder>/<source>.json``; a lost note costs a fetch."""

    def __init__(self, folder: Path, source: str) -> None:
        self._path = folder / f"{source}.json"
        self._files: dict[str, list[float]] = _read(self._path)

    def __contains__(self, file: RemoteFile) -> bool:
        return self._files.get(file.path) == [file.size, file.modified]

    def __bool__(self) -> bool:
        return bool(self._files)

    def add(self, files: Iterable[RemoteFile]) -> None:
        """Note files that could not be moved."""
        self._files |= {file.path: [file.size, file.modified] for file in files}
        self._write()

    def keep_only(self, listed: Iterable[RemoteFile]) -> None:
        """Forget what does not lie there any more."""
        there = {file.path for file in listed}
        if gone := self._files.keys() - there:
            for path in gone:
                del self._files[path]
            self._write()

    def _write(self) -> None:
        make_folder(self._path.parent)
        write_durably(self._path, json.dumps(self._files, indent=0).encode())


def _read(path: Path) -> dict[str, list[float]]:
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
