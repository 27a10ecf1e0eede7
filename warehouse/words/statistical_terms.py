"""What the id of an indicator promises in the terms of statistics: which kind, which unit, which word in its name.

The terms stand in ``statistical_terms.yaml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True)
class Suffix:
    """How ids of one kind of number end, and what is asked of them."""

    ends: str
    shown: str
    term: str
    meaning: str
    kinds: tuple[str, ...]
    unit: str
    example: str
    words: tuple[str, ...]
    kinds_if_published: tuple[str, ...] = ()
    not_last: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counted:
    """A unit that is easily taken for another, and what it means."""

    word: str
    meaning: str


@dataclass(frozen=True)
class Named:
    """An indicator as far as its name goes."""

    id: str
    name_zh: str
    kind: str
    unit: str
    is_published: bool


@cache
def list_suffixes() -> tuple[Suffix, ...]:
    """All of them; the first that fits an id counts."""
    return tuple(Suffix(**_with_tuples(entry)) for entry in _read()["suffixes"])


@cache
def list_counted() -> tuple[Counted, ...]:
    """All units that are easily taken for others."""
    return tuple(Counted(**entry) for entry in _read()["counted"])


@cache
def _read() -> Any:
    text = resources.files("warehouse.words").joinpath("statistical_terms.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def _with_tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def find_suffix(name: str) -> tuple[Suffix, tuple[str, ...]] | None:
    """The suffix of an id, with what its brackets hold."""
    for suffix in list_suffixes():
        if found := re.search(f"{suffix.ends}$", name):
            return suffix, found.groups()
    return None


def list_misnomers(named: Named) -> Iterator[tuple[str, str]]:
    """What an indicator is called wrongly: the key of its declaration, and the sentence."""
    found = find_suffix(named.id)
    if found is None:
        known = "、".join(dict.fromkeys(s.shown for s in list_suffixes()))
        yield "id", f"从编号“{named.id}”的词尾看不出是哪一种数，词尾可用 {known}"
        return
    suffix, groups = found
    said = f"编号以 {suffix.shown} 结尾的是{suffix.term}"
    kinds = suffix.kinds + (suffix.kinds_if_published if named.is_published else ())
    if named.kind not in kinds:
        yield "kind", f"{said}，性质（kind）应为 {'、'.join(suffix.kinds)}，写的是“{named.kind}”"
    if not re.fullmatch(suffix.unit, named.unit):
        yield "unit", f"{said}，单位（unit）应如“{suffix.example}”，写的是“{named.unit}”"
    words = [word.format(*groups) for word in suffix.words]
    if words and not any(word in named.name_zh for word in words):
        listed = "或".join(f"“{word}”" for word in words)
        yield "name_zh", f"{said}，名称“{named.name_zh}”中应写明{listed}"
    if last := next((word for word in suffix.not_last if named.name_zh.endswith(word)), None):
        yield "name_zh", f"{said}，名称“{named.name_zh}”却以“{last}”结尾"
    yield from _list_miscounted(named)


_WITH_COUNTED = ("stock", "flow", "cumulative", "rate")


def _list_miscounted(named: Named) -> Iterator[tuple[str, str]]:
    """Where name and unit do not count the same; published names are left as they were published."""
    if named.kind not in _WITH_COUNTED or "%" in named.unit:
        return
    for counted in list_counted():
        if counted.word in named.name_zh and counted.word not in named.unit:
            yield (
                "unit",
                f"名称“{named.name_zh}”写的是{counted.word}，单位却是“{named.unit}”：{counted.meaning}",
            )
        elif counted.word in named.unit and counted.word not in named.name_zh and not named.is_published:
            yield (
                "name_zh",
                f"单位为“{named.unit}”，名称“{named.name_zh}”中应写明“{counted.word}”：{counted.meaning}",
            )
