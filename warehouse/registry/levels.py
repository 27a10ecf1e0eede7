"""The levels of org units, from the city down."""

from __future__ import annotations

from typing import Literal

Level = Literal["city", "county", "township", "village"]
LEVELS: tuple[Level, ...] = ("city", "county", "township", "village")
