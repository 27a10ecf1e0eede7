"""The place of work: what partitions leave for each other and for the night, kept by what it was made of.

A partition's frames rest below its key as Parquet, with ``about.json``, written last, that says what they are. They can be made
again from archive and journal at any time: nothing is synced to the disk, and what does not have the hash that ``about.json``
gives is made again.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl

from flows.places.destination import Destination
from warehouse.catalogue.frames import Schema, empty

_ABOUT = "about.json"
_PARTS = "parts"


class WorkLost(Exception):
    """What a partition has left is no longer there as it was left: it must be made again."""


class WorkPlace:
    """A folder of this machine or an address that fsspec reaches. DestinationFailed where it cannot be reached."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._place = Destination(address, "工作目录")

    def __reduce__(self) -> tuple[type[WorkPlace], tuple[str]]:
        return WorkPlace, (self.address,)

    def find(self, key: str) -> Part | None:
        """What is kept under ``key``; None where nothing whole is."""
        said = self._place.read(f"{_PARTS}/{key}/{_ABOUT}")
        if said is None:
            return None
        try:
            about = json.loads(said)
            return Part(self._place, key, about["frames"], about["facts"])
        except (ValueError, KeyError, TypeError):
            return None

    def get(self, key: str) -> Part:
        """What is kept under ``key``. WorkLost."""
        if (part := self.find(key)) is None:
            raise WorkLost(f"partition {key} is not below {self._place.where}")
        return part

    def keep(self, key: str, frames: Mapping[str, pl.DataFrame], facts: Mapping[str, Any]) -> Part:
        """Keep frames, but for those without rows, and facts (JSON) under ``key``."""
        hashes = {}
        for name, frame in frames.items():
            if frame.is_empty():
                continue
            content = io.BytesIO()
            frame.write_parquet(content, compression="lz4", statistics=False)
            hashes[name] = hashlib.sha256(content.getbuffer()).hexdigest()
            self._place.write(_name_file(key, name), content.getvalue(), is_durable=False)
        said = json.dumps({"frames": hashes, "facts": facts}, ensure_ascii=False)
        self._place.write(f"{_PARTS}/{key}/{_ABOUT}", said.encode(), is_durable=False)
        return Part(self._place, key, hashes, facts)

    def keep_object(self, name: str, make: Callable[[], object]) -> None:
        """Keep what ``make`` gives under a name that says what it is made of, unless it is there."""
        if self._place.hash(name) is None:
            self._place.write(name, pickle.dumps(make()), is_durable=False)

    def read_object(self, name: str) -> Any:
        """What was kept by ``keep_object``. WorkLost."""
        content = self._place.read(name)
        if content is None:
            raise WorkLost(f"{name} is not below {self._place.where}")
        return pickle.loads(content)  # noqa: S301 - the place of work is written by nianbao alone

    def keep_only(self, keys: Iterable[str]) -> int:
        """Remove all partitions but ``keys``; how many files went."""
        kept = set(keys)
        names = self._place.list_sizes(_PARTS)
        old = [name for name in names if name.split("/", 1)[0] not in kept]
        for name in sorted(
            old, key=lambda name: not name.endswith(_ABOUT)
        ):  # first what says that it is whole
            self._place.remove(f"{_PARTS}/{name}")
        return len(old)


class Part:
    """What a partition has left: ``facts`` and frames."""

    def __init__(
        self, place: Destination, key: str, hashes: Mapping[str, str], facts: Mapping[str, Any]
    ) -> None:
        self.key = key
        self.facts = facts
        self._place = place
        self._hashes = hashes

    @property
    def names(self) -> list[str]:
        """The frames that have rows."""
        return list(self._hashes)

    def read(self, name: str, schema: Schema) -> pl.DataFrame:
        """A frame; without rows where it had none. WorkLost."""
        return self.find(name) if name in self._hashes else empty(schema)

    def find(self, name: str) -> pl.DataFrame:
        """A frame that has rows. WorkLost."""
        content = self._place.read(_name_file(self.key, name))
        if content is None or hashlib.sha256(content).hexdigest() != self._hashes[name]:
            raise WorkLost(f"{name} of partition {self.key} is not below {self._place.where} as it was left")
        return pl.read_parquet(io.BytesIO(content))


def name_key(kind: str, *read: object) -> str:
    """The key of a partition that reads ``read``: the first digits of a hash of it all (JSON)."""
    text = json.dumps([kind, *read], ensure_ascii=False, default=str, sort_keys=True)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def hash_frame(frame: pl.DataFrame) -> str:
    """A hash of a frame's columns and rows in their order."""
    content = io.BytesIO()
    frame.rechunk().write_ipc(content, compression="uncompressed")
    return hashlib.sha256(content.getbuffer()).hexdigest()


def _name_file(key: str, name: str) -> str:
    return f"{_PARTS}/{key}/{name}.parquet"
