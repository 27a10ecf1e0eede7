"""Brings this office's rows in the lake up to date with the published file; the night does not depend on it."""

from __future__ import annotations

import traceback
from functools import partial
from pathlib import Path

from flows.error_log import note_error, run_dispensable
from flows.lake.address import read_place
from flows.lake.turn import WAIT_SECONDS, taking_turn
from flows.night import Night
from warehouse.catalogue.load import Catalogue
from warehouse.lake.place import LakeFailed, LakePlace
from warehouse.lake.publish import Published, write_into_lake

_SAID = "数据湖未能更新，其中仍是上一次的内容，下次夜间作业补上"


def publish_into_lake(
    database: Path, place: LakePlace, catalogue: Catalogue, wait: float = WAIT_SECONDS
) -> Published | None:
    """Let this office's rows in the lake be those of the published file; None where they are already.

    Waits at most ``wait`` seconds for other writers. LakeFailed, and then the lake is as it was.
    """
    with taking_turn(place, wait):
        return write_into_lake(database, place, catalogue)


def publish_lake(night: Night) -> list[str]:
    """Publish what is published. What went wrong, as a sentence for the administrator: the next night catches up."""
    if not (night.installation.settings.publish and night.home.database.exists()):
        return []
    troubles: list[str] = []
    step = partial(_publish, night, troubles)
    return [*run_dispensable(step, _SAID, night.home.root, night.run), *troubles]


def _publish(night: Night, troubles: list[str]) -> None:
    try:
        place = read_place(night.installation.settings)
        if place is not None:  # never the restricted file: what is not published is in no lake
            publish_into_lake(night.home.database, place, night.catalogue)
    except LakeFailed as error:
        logged = note_error(night.home.root, traceback.format_exc(), night.run)
        troubles.append(f"{_SAID}：{error}{logged}")
