"""Reads declared YAML so that every mistake is answered with file, line and a plain sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CatalogueError(Exception):
    """A mistake in a declared file; the text names file and line."""


class Source:
    """One YAML file: its plain content and where each key stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise CatalogueError(f"{path}: the file is missing") from None
        try:
            self.node: yaml.Node | None = yaml.compose(text, Loader=Loader)
        except yaml.YAMLError as error:
            raise CatalogueError(f"{path}: not readable as YAML: {error}") from error
        if self.node is not None:
            self._refuse_duplicate_keys(self.node)
        self.content: Any = yaml.load(text, Loader=Loader)  # a safe loader, either the C one or the plain one

    def _refuse_duplicate_keys(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    raise CatalogueError(
                        f"{self.path}:{key.start_mark.line + 1}: key {key.value!r} stands twice"
                    )
                seen.add(key.value)
                self._refuse_duplicate_keys(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                self._refuse_duplicate_keys(value)

    def line(self, place: Sequence[str | int]) -> int:
        """The line of the innermost part of ``place`` that exists in the file."""
        node, line = self.node, 1
        for step in place:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def error(self, place: Sequence[str | int], message: str) -> CatalogueError:
        """A CatalogueError that names this file and the line of ``place``."""
        return CatalogueError(f"{self.path}:{self.line(place)}: {message}")

    def read(self, model: type[M], content: Any, place: Sequence[str | int] = ()) -> M:
        """``content`` (standing at ``place``) as ``model``; raises CatalogueError with file and line."""
        try:
            return model.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = [*place, *first["loc"]]
            key = ".".join(str(part) for part in first["loc"])
            raise self.error(where, f"{key}: {first['msg']}" if key else first["msg"]) from None

    def read_list(self, model: type[M]) -> list[M]:
        """A file that is a list of records, each read as ``model``."""
        if not isinstance(self.content, list):
            raise CatalogueError(f"{self.path}:1: a list of records is expected")
        return [self.read(model, record, [index]) for index, record in enumerate(self.content)]
