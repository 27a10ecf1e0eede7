"""Puts a built warehouse in the place of the published one: whole where nothing is protected, else whole and redacted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from warehouse.catalogue.load import Catalogue
from warehouse.store.publish import build_path, publish, withdraw
from warehouse.store.redaction.published_copy import write_published_copy


@dataclass(frozen=True)
class Places:
    """Where the two files lie: what everybody reads, and what holds the counts that are not published, too."""

    published: Path
    restricted: Path


def publish_both(built: Path, places: Places, catalogue: Catalogue) -> None:
    """Publish the closed file ``built``. NotPublishable, IntegrityError.

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
    is_same = write_published_copy(built, copy, catalogue)
    checksum = publish(built, places.restricted, group=protected.group)
    publish(copy, places.published, known_sum=checksum if is_same else None)
