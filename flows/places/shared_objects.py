"""The archive's objects in a place that several machines reach (NIANBAO_ARCHIVE): a folder of a share, SFTP, S3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from flows.places.destination import Destination, DestinationFailed
from flows.places.together import run_together

_OBJECTS = "objects"


class SharedObjects:
    """Objects lie there as in a home's own archive. An ObjectStore; every method raises DestinationFailed."""

    def __init__(self, address: str) -> None:
        self._place = Destination(address, "共用档案")

    @property
    def where(self) -> str:
        """The place, as it may be shown to people."""
        return self._place.where

    def require_writable(self) -> None:
        """Ask whether something can be written there."""
        self._place.require_writable()

    def list_sizes(self) -> Mapping[str, int]:
        """SHA-256 -> bytes of all objects."""
        found = self._place.list_sizes(_OBJECTS).items()
        return {path.rpartition("/")[2]: size for path, size in found}

    def send(self, objects: Mapping[str, Path]) -> None:
        """Keep files under their SHA-256; one that lies there whole is not sent again, one that is damaged is."""
        list(self.run_on_each(lambda sha256: self._send(sha256, objects[sha256]), objects))

    def fetch(self, sha256: str, out: IO[bytes]) -> str | None:
        """Write an object's bytes to ``out``; the SHA-256 that they have, None where it is missing."""
        return self._place.fetch(_name(sha256), out)

    def run_on_each(self, work: Callable[[str], bool], sha256s: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """What ``work`` gives for each object, several at a time; the first error ends it."""
        return run_together(work, sha256s)

    def _send(self, sha256: str, file: Path) -> bool:
        name = _name(sha256)
        if self._place.hash(name) == sha256:
            return True
        with file.open("rb") as source:
            if hashlib.file_digest(source, "sha256").hexdigest() != sha256:
                return False  # damaged here: that is told by whoever reads the archive
            source.seek(0)
            if not self._place.write_checked(name, source, sha256):
                raise DestinationFailed(
                    f"共用档案 {self.where}：写入后读回的内容不符，请检查该处的存储设备。"
                )
        return True


def _name(sha256: str) -> str:
    return f"{_OBJECTS}/{sha256[:2]}/{sha256}"
