"""Where objects of the archive rest for several machines: what such a place can do, wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Protocol


class ObjectStore(Protocol):
    """A place of whole objects by their SHA-256, which others write to too; one that cannot be reached raises its own error."""

    @property
    def where(self) -> str:
        """The place, as it may be shown to people."""

    def require_writable(self) -> None:
        """Ask whether something can be written there."""

    def list_sizes(self) -> Mapping[str, int]:
        """SHA-256 -> bytes of all objects."""

    def send(self, objects: Mapping[str, Path]) -> None:
        """Keep files under their SHA-256, but for those that are there; durable and read back on return."""

    def fetch(self, sha256: str, out: IO[bytes]) -> str | None:
        """Write an object's bytes to ``out``; the SHA-256 that they have, None where it is missing."""

    def run_on_each(self, work: Callable[[str], bool], sha256s: Iterable[str]) -> Iterable[tuple[str, bool]]:
        """What ``work`` gives for each object, as many at a time as the place bears."""
