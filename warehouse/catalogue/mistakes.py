"""Mistakes in declared files as sentences for whoever edits them: file, line, what is wrong, what to do.

Mistakes found by pydantic, YAML, CSV and our own checks are all described here, in Chinese, without a library's words.
"""

from __future__ import annotations

import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from warehouse.words.near import find_nearest


class CatalogueError(Exception):
    """A mistake in a declared file; the text names file and line."""


def mistake_at(path: Path, line: int | None, sentence: str) -> CatalogueError:
    """The mistake at a line of a file."""
    return CatalogueError(f"{path}:{line}: {sentence}" if line is not None else f"{path}: {sentence}")


def read_text(path: Path) -> str:
    """The content of a declared file. CatalogueError when it is missing or not UTF-8."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise mistake_at(path, None, "缺少这个文件") from None
    except OSError:
        raise mistake_at(path, None, "这个文件读不出来，请核对它是否为文件、是否有读取权限") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise mistake_at(path, line, "文件不是 UTF-8 编码（可能是 GBK），请另存为 UTF-8 编码") from None


def describe_yaml_mistake(path: Path, error: yaml.YAMLError) -> CatalogueError:
    """The CatalogueError of a file that is not YAML."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = None if mark is None else mark.line + 1
    return mistake_at(
        path,
        line,
        "此处写法不符合 YAML 格式，请检查括号、引号是否成对，冒号后是否有空格，缩进是否对齐（不能用制表符）",
    )


_NEAR = 60.0  # of 100, as rapidfuzz counts likeness: an id differs by a letter or two


def suggest_name(name: str, known: Iterable[str]) -> str:
    """，是否应为“…”: the known name that is most like ``name``; '' when none is."""
    names = sorted(known)
    index = find_nearest(name, names, _NEAR)
    return "" if index is None else f"，是否应为“{names[index]}”"


def unknown_name(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence about a name that is used and not defined."""
    return f"{what}“{name}”没有定义{suggest_name(name, known)}"


def describe_model_mistake(error: ValidationError, model: type[BaseModel]) -> tuple[list[str | int], str]:
    """The first mistake of a record: its position within the record, and the sentence."""
    found = error.errors()
    # A misspelt key comes before the key that is missing because of it.
    first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
    position = [part for part in first["loc"] if isinstance(part, (str, int))]
    key = next((str(part) for part in reversed(position) if isinstance(part, str)), "")
    context = first.get("ctx", {})
    given = first.get("input")
    shown = f"，填的是“{given}”" if isinstance(given, (str, int, float)) and given != "" else ""
    match first["type"]:
        case "value_error":
            return position, str(context.get("error", ""))
        case "missing":
            return position[:-1], f"缺少“{key}”"
        case "extra_forbidden":
            return position, f"没有“{key}”这个项目名{suggest_name(key, set(_list_keys(model)))}"
        case "literal_error":
            return position, f"“{key}”只能是 {_list_options(str(context['expected']))}{shown}"
        case "string_pattern_mismatch":
            return (
                position,
                f"“{key}”的写法不对{shown}：编号以小写字母开头，只用小写字母、数字和下划线；代码只用数字",
            )
        case "string_too_short":
            return position, f"“{key}”不能为空"
        case kind if kind.startswith(
            ("string", "int", "float", "bool", "date", "tuple", "list", "dict", "model")
        ):
            what = next(words for start, words in _KINDS if kind.startswith(start))
            return position, f"“{key or '本条'}”应为{what}{shown}"
        case _:
            return position, f"“{key or '本条'}”的内容不符合要求{shown}"


_KINDS = (
    ("string", "文字（纯数字的文字要加引号）"),
    ("int", "整数"),
    ("float", "数字"),
    ("bool", "true 或 false"),
    ("date", "日期，写作 2025-02-10"),
    ("tuple", "用方括号括起来的几项"),
    ("list", "用方括号括起来的几项"),
    ("dict", "若干“项目名: 内容”"),
    ("model", "若干“项目名: 内容”"),
)


def _list_options(expected: str) -> str:
    return expected.replace("'", "").replace(" or ", "、").replace(", ", "、")


def _list_keys(model: type[BaseModel]) -> Iterator[str]:
    """The keys of a record and of the records within it."""
    for name, field in model.model_fields.items():
        yield name
        for inner in _list_models(field.annotation):
            yield from _list_keys(inner)


def _list_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _list_models(part)
