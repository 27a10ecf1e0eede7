"""What may be wrong with an archive, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the archive differs from what its names state.

    `changed`: the bytes no longer have the hash of their name; `missing`: an expected object is not there;
    `link`: an object or a folder of objects that lies elsewhere, where anybody may change it; `stray`: what is no object,
    or an object in the wrong folder; `unfinished`: left by a put that was cut off (harmless: nothing refers to it).
    """

    problem: Literal["changed", "missing", "link", "stray", "unfinished"]
    path: Path
    expected: str | None = None
    found: str | None = None


DAMAGE_WORDS = {"changed": "内容已被改动", "missing": "缺失", "link": "不是文件本身，而是链接或文件夹"}
"""Problem -> words, for objects that are needed."""


class ArchiveDamaged(Exception):
    """Needed bytes are missing or changed; one Chinese sentence with what to do."""
