"""Reads declared YAML; every mistake raises CatalogueError with file, line and a plain sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from warehouse.catalogue import mistakes
from warehouse.catalogue.mistakes import CatalogueError

__all__ = ["CatalogueError", "Source"]

M = TypeVar("M", bound=BaseModel)
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Source:
    """One YAML file: its content and the line of each key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = mistakes.read_text(path)
        try:
            self.node: yaml.Node | None = yaml.compose(text, Loader=Loader)
            if self.node is not None:
                self._refuse_duplicate_keys(self.node)
            self.content: Any = yaml.load(
                text, Loader=Loader
            )  # a safe loader, either the C one or the plain one
        except yaml.YAMLError as error:
            raise mistakes.describe_yaml_mistake(path, error) from error
        except ValueError as error:  # 2024-02-30 is no date
            raise mistakes.mistake_at(path, _wrong_date(self.node), "日期不存在，请核对年月日") from error

    def _refuse_duplicate_keys(self, node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if str(key.value) in seen:
                    raise mistakes.mistake_at(
                        self.path, key.start_mark.line + 1, f"“{key.value}”写了两次，请只留一处"
                    )
                seen.add(str(key.value))
                self._refuse_duplicate_keys(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                self._refuse_duplicate_keys(value)

    def line(self, position: Sequence[str | int]) -> int:
        """The line of the innermost part of ``position`` that exists in the file."""
        node, line = self.node, 1
        for step in position:
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

    def error(self, position: Sequence[str | int], message: str) -> CatalogueError:
        """A CatalogueError that names this file and the line of ``position``."""
        return mistakes.mistake_at(self.path, self.line(position), message)

    def read(self, model: type[M], content: Any, position: Sequence[str | int] = ()) -> M:
        """``content`` (standing at ``position``) as ``model``; raises CatalogueError with file and line."""
        try:
            return model.model_validate(content)
        except ValidationError as error:
            where, sentence = mistakes.describe_model_mistake(error, model)
            raise self.error([*position, *where], sentence) from None

    def read_list(self, model: type[M]) -> list[M]:
        """A file that is a list of records, each read as ``model``."""
        if not isinstance(self.content, list):
            raise self.error([], "本文件应由若干条记录组成，每条以“- ”开头")
        return [self.read(model, record, [index]) for index, record in enumerate(self.content)]


def _wrong_date(node: yaml.Node | None) -> int | None:
    """The line of the first impossible date."""
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":timestamp"):
        try:
            date.fromisoformat(node.value[:10])
        except ValueError:
            return int(node.start_mark.line) + 1
    parts: list[Any] = []
    if isinstance(node, yaml.MappingNode):
        parts = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        parts = node.value
    return next(filter(None, map(_wrong_date, parts)), None)
