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
from collections.abc import Mapping
from typing import Any

import polars as pl

from flows.places.destination import Destination, DestinationFailed
from warehouse.catalogue.frames import Schema, empty

_ABOUT = "about.json"
_PARTS = "parts"
_OBJECTS = "objects"


class WorkLost(DestinationFailed):
    """What a partition has left in this night is no longer there as it was left; one Chinese sentence."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"工作目录 {where} 中的中间结果缺失或被改动，本次作业已中止，数据仓库未改动。请重新运行。"
        )


class WorkPlace:
    """A folder of this machine or an address that fsspec reaches. DestinationFailed where it cannot be reached."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._place = Destination(address, "工作目录")

    def __reduce__(self) -> tuple[type[WorkPlace], tuple[str]]:
        return WorkPlace, (self.address,)

    def find(self, key: str) -> Part | None:
        """What is kept under ``key``; None where nothing is, or something that is not as it was left."""
        try:
            part = self.get(key)
        except WorkLost:
            return None
        return part if part.is_whole() else None

    def get(self, key: str) -> Part:
        """What was kept under ``key`` in this night. WorkLost."""
        said = self._place.read(f"{_PARTS}/{key}/{_ABOUT}")
        try:
            about = json.loads(said or b"")
            return Part(self._place, key, about["frames"], about["facts"])
        except (ValueError, KeyError, TypeError):
            raise WorkLost(self._place.where) from None

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

    def keep_object(self, kept: object) -> str:
        """Keep an object in the place of any other; the hash of its bytes, which is its name."""
        content = pickle.dumps(kept)
        name = hashlib.sha256(content).hexdigest()
        known = self._place.list_sizes(_OBJECTS)
        if name not in known:
            self._place.write(f"{_OBJECTS}/{name}", content, is_durable=False)
        for other in known.keys() - {name}:
            self._place.remove(f"{_OBJECTS}/{other}")
        return name

    def read_object(self, name: str) -> Any:
        """What was kept by ``keep_object``; nothing else, whoever writes there. WorkLost."""
        content = self._place.read(f"{_OBJECTS}/{name}")
        if content is None or hashlib.sha256(content).hexdigest() != name:
            raise WorkLost(self._place.where)
        return pickle.loads(content)  # noqa: S301 - it is what the night has pickled: its hash came with the job

    def list_keys(self) -> list[str]:
        """The keys of all partitions, whole or not."""
        return sorted({name.split("/", 1)[0] for name in self._place.list_sizes(_PARTS)})

    def remove(self, key: str) -> None:
        """Remove a partition."""
        names = self._place.list_sizes(f"{_PARTS}/{key}")
        for name in sorted(names, key=lambda name: name != _ABOUT):  # first what says that it is whole
            self._place.remove(f"{_PARTS}/{key}/{name}")

    def read(self, name: str) -> bytes | None:
        """A small file beside the partitions; None where it is missing."""
        return self._place.read(name)

    def write(self, name: str, content: bytes) -> None:
        """Replace a small file beside the partitions."""
        self._place.write(name, content, is_durable=False)


class Part:
    """What a partition has left: ``facts`` and frames."""

    def __init__(
        self, place: Destination, key: str, hashes: Mapping[str, str], facts: Mapping[str, Any]
    ) -> None:
        self.key = key
        self.facts = facts
        self._place = place
        self._hashes = hashes

    def is_whole(self) -> bool:
        """Whether all its frames are as they were left."""
        return all(
            self._place.hash(_name_file(self.key, name)) == sha256 for name, sha256 in self._hashes.items()
        )

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
            raise WorkLost(self._place.where)
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
