"""What one backup holds: a small file, written last, that names everything else by its SHA-256.

In a place of backups lie ``objects/ab/abcd…`` (received bytes and papers alike, each once under its SHA-256),
``journal/journal-<count>-<hash>.jsonl`` (the journal as it was, once for each head) and ``backups/<moment>.json`` (this).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from flows.places.destination import Destination
from warehouse.ledger.journal import Head

_JOURNAL = re.compile(r"journal-(\d+)-([0-9a-f]{12})\.jsonl")
_MOMENT = "%Y%m%dT%H%M%S%f"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeptFile(_Part):
    """A paper: its path (below ``home/`` or ``catalogue/``, or a name alone), SHA-256 and size."""

    path: str
    sha256: str
    bytes: int

    @field_validator("path")
    @classmethod
    def _stays_below(cls, path: str) -> str:
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts or "\0" in path:
            raise ValueError("a path that leads out of its folder")
        return path


class KeptJournal(_Part):
    """The journal: its head, and the SHA-256 of all its bytes."""

    count: int
    hash: str
    sha256: str
    bytes: int

    @property
    def head(self) -> Head:
        """As the journal gives it."""
        return Head(self.count, self.hash)


class KeptSet(_Part):
    """Many files: how many, how many bytes, and the SHA-256 of their list (of objects: their sorted hashes, a line each)."""

    count: int
    bytes: int
    sha256: str


class Manifest(_Part):
    """One backup. ``files``: the list of its papers, itself an object; ``missing``: received objects that it lacks."""

    format: int = 1
    at: datetime
    code_version: str
    catalogue_version: str
    journal: KeptJournal
    archive: KeptSet
    files: KeptSet
    missing: tuple[str, ...] = ()


class ManifestDamaged(Exception):
    """The manifest of a backup cannot be read; its name."""


def name_object(sha256: str) -> str:
    """Where an object lies."""
    return f"objects/{sha256[:2]}/{sha256}"


def name_journal(head: Head) -> str:
    """Where a journal with this head lies."""
    return f"journal/journal-{head.count}-{head.hash[:12]}.jsonl"


def list_kept_heads(destination: Destination) -> list[Head]:
    """The heads (hashes shortened) of all journals that were kept, the shortest first."""
    found = map(_JOURNAL.fullmatch, destination.list_sizes("journal"))
    return sorted((Head(int(m[1]), m[2]) for m in found if m), key=lambda head: head.count)


def list_backups(destination: Destination) -> list[str]:
    """The moments of all backups, the oldest first."""
    return sorted(n.removesuffix(".json") for n in destination.list_sizes("backups") if n.endswith(".json"))


def write_manifest(destination: Destination, manifest: Manifest) -> str:
    """Write the manifest, with a checksum of its own; its moment."""
    moment = manifest.at.strftime(_MOMENT)
    content = manifest.model_dump(mode="json")
    content["sha256"] = _hash_content(content)
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    destination.write(f"backups/{moment}.json", text.encode())
    return moment


def read_manifest(destination: Destination, moment: str) -> Manifest:
    """The manifest of a moment. ManifestDamaged."""
    raw = destination.read(f"backups/{moment}.json")
    try:
        content = json.loads(raw or b"")
        told = content.pop("sha256")
        if told != _hash_content(content):
            raise ManifestDamaged(moment)
        return Manifest.model_validate(content)
    except (ValueError, KeyError, AttributeError, TypeError, ValidationError) as error:
        raise ManifestDamaged(moment) from error


def is_readable(destination: Destination, moment: str) -> bool:
    """Whether the manifest of a moment is whole."""
    try:
        read_manifest(destination, moment)
    except ManifestDamaged:
        return False
    return True


def list_lines(files: Iterable[KeptFile]) -> bytes:
    """The list of papers as it is kept: a line of JSON each."""
    ordered = sorted(files, key=lambda file: file.path)
    return "".join(json.dumps(f.model_dump(), ensure_ascii=True) + "\n" for f in ordered).encode()


def read_lines(raw: bytes) -> Iterator[KeptFile]:
    """The papers of such a list. ValidationError."""
    return (KeptFile.model_validate_json(line) for line in raw.splitlines())


def count_set(sizes: Mapping[str, int]) -> KeptSet:
    """What is said of objects, given their sizes by SHA-256."""
    listed = "".join(f"{sha256}\n" for sha256 in sorted(sizes))
    return KeptSet(
        count=len(sizes), bytes=sum(sizes.values()), sha256=hashlib.sha256(listed.encode()).hexdigest()
    )


def _hash_content(content: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
