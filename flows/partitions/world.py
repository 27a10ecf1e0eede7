"""What partitions are judged by: catalogue and rules, in whichever process; and the versions that say when that is other."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from expectations.rulebook.rulebook import RuleBook
from flows.partitions.work import WorkPlace, hash_frame, name_key
from warehouse.catalogue.load import Catalogue
from warehouse.registry.regions import Regions
from warehouse.registry.registry import Registry

_CODE = ("expectations", "transforms", "warehouse", "flows/steps", "flows/partitions", "flows/wall")
_DECLARED = {"catalogue", "rules"}
"""Folders whose YAML stands in the keys by itself, form by form and rule by rule."""
_LIBRARIES = ("polars", "python-calamine", "xlrd")
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class World:
    """The catalogue and the rules of a night."""

    catalogue: Catalogue
    rulebook: RuleBook

    @cached_property
    def regions(self) -> Regions:
        """The regions of the registry."""
        return Regions(self.catalogue.registry)

    @cached_property
    def forms_version(self) -> str:
        """Changes with what reading and conforming go by, but for the registry: the program, forms, code lists, settings."""
        catalogue = self.catalogue
        declared = [*catalogue.forms.values(), *catalogue.code_lists.values(), catalogue.settings]
        return name_key("forms", read_program(), [record.model_dump_json() for record in declared])

    @cached_property
    def registry_version(self) -> str:
        """Changes with the registry."""
        return hash_registry(self.catalogue.registry)

    def select(self, unit_codes: Collection[str], org_codes: Collection[str] = ()) -> Catalogue:
        """The catalogue with no other units than the regions of ``unit_codes`` and the counties of ``org_codes``."""
        return replace(self.catalogue, registry=self.regions.select(unit_codes, org_codes))

    def rules_version(self, years: Collection[int]) -> str:
        """Changes with the rules that are in force in one of ``years``; reading's own problems are so in all."""
        touching = [rule for rule in self.rulebook.rules.values() if any(map(rule.is_in_force, years))]
        return name_key("rules", [rule.model_dump_json() for rule in touching])


def hash_registry(registry: Registry) -> str:
    """A hash of a registry, or of the part of one."""
    return name_key("registry", hash_frame(registry.all_units), hash_frame(registry.succession))


_KNOWN: dict[str, World] = {}
_LOADING = threading.Lock()


def keep_world(place: WorkPlace, world: World) -> str:
    """Keep a world for other processes; its name. This one knows it without reading it again."""
    name = place.keep_object(world)
    _know(name, world)
    return name


def know_world(world: World) -> str:
    """A name under which this process knows a world that no other one needs."""
    name = uuid4().hex
    _know(name, world)
    return name


def load_world(place: WorkPlace, name: str) -> World:
    """The world that was kept under ``name``; a process reads each once. WorkLost."""
    with _LOADING:
        if name not in _KNOWN:
            _know(name, place.read_object(name))
        return _KNOWN[name]


def _know(name: str, world: World) -> None:
    """Know this world and no other: a night has one."""
    _KNOWN.clear()
    _KNOWN[name] = world


@lru_cache(maxsize=1)
def read_program() -> str:
    """A hash of the program and the libraries that read and judge."""
    digest = hashlib.sha256()
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\n".encode())
    for folder in _CODE:
        for file in sorted((_ROOT / folder).rglob("*")):
            is_declared = not _DECLARED.isdisjoint(file.parts)
            if file.suffix in {".py", ".sql", ".j2"} or (file.suffix == ".yaml" and not is_declared):
                digest.update(f"{file.relative_to(_ROOT)}\n".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()
