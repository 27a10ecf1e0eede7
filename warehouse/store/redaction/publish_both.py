"""Puts a built warehouse in the place of the published one: whole where nothing is protected, else whole and redacted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from warehouse.catalogue.load import Catalogue
from warehouse.ledger.durability import sync_file
from warehouse.store.publish import build_path, publish, withdraw
from warehouse.store.redaction.published_copy import write_published_copy
from warehouse.store.soundness import checksum


@dataclass(frozen=True)
class Places:
    """Where the two files lie: what everybody reads, and what holds the counts that are not published, too."""

    published: Path
    restricted: Path


class Started(Protocol):
    """Something that is being done; as concurrent.futures.Future."""

    def result(self) -> Any:
        """What came of it, once it is done."""


def publish_both(built: Path, places: Places, catalogue: Catalogue, begin: Callable[..., Started]) -> None:
    """Publish the closed file ``built``. NotPublishable, IntegrityError.

    ``begin(function, argument)`` calls a function beside what goes on here, as an executor's ``submit``: of a country's
    file, hashing and syncing take a second.

    Where counts are protected it becomes the restricted file, and a copy without them the published one. The restricted one
    comes first: what a night builds upon is never behind what everybody reads.
    """
    protected = catalogue.settings.disclosure
    if protected is None:
        publish(built, places.published)
        if places.restricted.exists():
            withdraw(places.restricted)
        return
    copy = build_path(places.published)
    hashed = begin(checksum, built)
    is_same = write_published_copy(built, copy, catalogue)
    synced = begin(sync_file, copy)
    known_sum = hashed.result()
    publish(built, places.restricted, group=protected.group, known_sum=known_sum)
    synced.result()
    publish(copy, places.published, known_sum=known_sum if is_same else None)
