"""Reads the registry's two files; an impossible line raises CatalogueError with file, line and a plain sentence."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl

from warehouse.catalogue import mistakes
from warehouse.registry.levels import LEVELS
from warehouse.registry.registry import Registry
from warehouse.words import labels

_UNITS = {
    "org_code": pl.String,
    "name": pl.String,
    "level": pl.String,
    "parent_code": pl.String,
    "valid_from": pl.Int32,
    "valid_to": pl.Int32,
}
_SUCCESSION = {"old_code": pl.String, "new_code": pl.String, "year": pl.Int32, "share": pl.Float64}
_DIGITS = {"city": 6, "county": 6, "township": 9, "village": 12}
_LEVELS_ZH = "、".join(f"{level} {name}" for level, name in labels.LEVEL.items())
_WHOLE = 1e-9


def read_registry(
    folder: Path, city_code: str, years: range, is_asked: Callable[[str, int], bool]
) -> Registry:
    """``org_units.csv`` and, where there is one, ``succession.csv``; CatalogueError names file and line.

    ``years``: those of the catalogue; in each every unit must have its parent, and history must be neither lost nor doubled;
    ``is_asked``: as in Registry.
    """
    path, succession_path = folder / "org_units.csv", folder / "succession.csv"
    units = _read_csv(path, _UNITS)
    succession = (
        _read_csv(succession_path, _SUCCESSION)
        if succession_path.exists()
        else pl.DataFrame(schema={**_SUCCESSION, "line": pl.Int64})
    )
    return _check_all(units, succession, city_code, years, is_asked, path, succession_path)


def check_registry(
    units: pl.DataFrame,
    succession: pl.DataFrame,
    city_code: str,
    years: range,
    is_asked: Callable[[str, int], bool],
    called: Path,
) -> Registry:
    """A registry of ``units`` and ``succession`` that are in no file, after the same checks; errors name it ``called``."""
    number = pl.int_range(pl.len(), dtype=pl.Int64).alias("line")
    return _check_all(
        units.with_columns(number),
        succession.with_columns(number),
        city_code,
        years,
        is_asked,
        called,
        called,
    )


def _check_all(
    units: pl.DataFrame,
    succession: pl.DataFrame,
    city_code: str,
    years: range,
    is_asked: Callable[[str, int], bool],
    path: Path,
    succession_path: Path,
) -> Registry:
    _check_units(units, path, city_code)
    _check_succession(succession, units, succession_path)
    registry = Registry(units.drop("line"), succession.drop("line"), is_asked)
    checked = set()
    for year in years:
        if (since := registry.find_last_change(year)) not in checked:
            _check_year(registry, year, units, path)
            checked.add(since)
    _check_shares(registry, succession, succession_path)
    return registry


def _read_csv(path: Path, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
    """The file's columns as declared, and ``line``."""
    rows = _split_lines(mistakes.read_text(path))
    names = list(schema)
    head = rows["cells"][:1].to_list()
    if head != [names]:
        found = "、".join(head[0]) if head else ""
        raise mistakes.mistake_at(path, 1, f"第一行应为 {','.join(names)}，现为“{found}”")
    width = pl.col("cells").list.len()
    _refuse(
        rows.filter(width != len(names)).select("line", width=width),
        path,
        f"本行有{{width}}栏，应为{len(names)}栏，请核对逗号",
    )
    written = rows[1:].select(
        "line",
        *(
            pl.col("cells").list.get(place).str.strip_chars().replace("", None).alias(name)
            for place, name in enumerate(names)
        ),
    )
    typed = written.select(
        *(pl.col(name).cast(dtype, strict=False) for name, dtype in schema.items()), "line"
    )
    for name, dtype in schema.items():
        wrong = pl.DataFrame({"line": written["line"], "said": written[name]}).filter(
            written[name].is_not_null() & typed[name].is_null()
        )
        if wrong.height:
            what = "年份" if dtype == pl.Int32 else "数字"
            raise mistakes.mistake_at(
                path, wrong.item(0, "line"), f"{name} 填的是“{wrong.item(0, 'said')}”，应为{what}"
            )
    return typed


def _split_lines(text: str) -> pl.DataFrame:
    """The lines of a CSV text that hold anything: line (its number), cells.

    A country's list has hundreds of thousands: where nothing is quoted, a comma is a comma, and no line is split in Python.
    """
    plain = text.replace("\r\n", "\n")
    cells = (
        pl.Series(list(csv.reader(io.StringIO(text))), dtype=pl.List(pl.String))
        if '"' in plain or "\r" in plain
        else pl.Series(plain.split("\n"), dtype=pl.String).str.split(",")
    )
    rows = pl.DataFrame({"cells": cells}).with_row_index("line", offset=1)
    is_filled = pl.col("cells").list.eval(pl.element() != "").list.any() | (pl.col("line") == 1)
    return rows.filter(is_filled).with_columns(pl.col("line").cast(pl.Int64))


def _refuse(bad: pl.DataFrame, path: Path, sentence: str) -> None:
    """CatalogueError at the first of ``bad`` rows; ``sentence`` with the row's columns in braces."""
    if bad.height:
        row = bad.row(0, named=True)
        raise mistakes.mistake_at(path, row["line"], sentence.format(**row))


def _check_units(units: pl.DataFrame, path: Path, city_code: str) -> None:
    code, level = pl.col("org_code"), pl.col("level")
    _refuse(
        units.filter(pl.any_horizontal(pl.col("org_code", "name", "level").is_null())),
        path,
        "代码、名称和层级不能为空",
    )
    _refuse(units.filter(~level.is_in(LEVELS)), path, "{org_code}的层级“{level}”不对，应为" + _LEVELS_ZH)
    _refuse(
        units.filter(
            ~code.str.contains(r"^[0-9]+$")
            | (code.str.len_chars() != level.replace_strict(_DIGITS, default=0, return_dtype=pl.UInt32))
        ),
        path,
        "代码“{org_code}”不对：只用数字，市、县6位，乡镇9位，村12位",
    )
    _refuse(
        units.filter(pl.col("valid_from") > pl.col("valid_to")),
        path,
        "{name}（{org_code}）的起始年{valid_from}晚于终止年{valid_to}",
    )
    span = {"valid_from": 0, "valid_to": 9999}
    dated = units.with_columns(pl.col(c).fill_null(v) for c, v in span.items())
    _refuse(
        dated.join(dated, on="org_code", suffix="_other").filter(
            pl.col("line") > pl.col("line_other"),
            pl.col("valid_from") <= pl.col("valid_to_other"),
            pl.col("valid_from_other") <= pl.col("valid_to"),
        ),
        path,
        "代码 {org_code} 与第{line_other}行重复，年份也有重叠",
    )
    _refuse(
        units.filter(level == "city", code != city_code),
        path,
        f"市的代码是{{org_code}}，catalogue.yaml 中是{city_code}",
    )
    if units.filter(level == "city").is_empty():
        raise mistakes.mistake_at(path, None, f"缺少市（{city_code}）这一行")
    below = units.filter(level != "city")
    above = units.select(parent_code="org_code", parent_level="level").unique()
    _refuse(
        below.join(above, on="parent_code", how="anti"),
        path,
        "{name}（{org_code}）的上级“{parent_code}”不在名录内",
    )
    order = dict(zip(LEVELS[1:], LEVELS, strict=False))
    pairs = below.join(above, on="parent_code", maintain_order="left").filter(
        pl.col("parent_level") != level.replace_strict(order, return_dtype=pl.String)
    )
    _refuse(
        pairs, path, "{name}（{org_code}）是{level}，上级 {parent_code} 是{parent_level}，应为上一层级的单位"
    )


def _check_succession(succession: pl.DataFrame, units: pl.DataFrame, path: Path) -> None:
    known = units["org_code"].implode()
    old, new = pl.col("old_code"), pl.col("new_code")
    _refuse(succession.filter(pl.any_horizontal(pl.all().is_null())), path, "四栏都要填写")
    for column in ("old_code", "new_code"):
        _refuse(succession.filter(~pl.col(column).is_in(known)), path, f"单位 {{{column}}} 不在名录内")
    _refuse(
        succession.filter(~pl.col("share").is_between(0, 1, closed="right")),
        path,
        "承接比例是{share}，应大于0、不大于1",
    )
    twice = succession.filter(pl.struct("old_code", "new_code", "year").is_first_distinct().not_())
    _refuse(twice, path, "{old_code}→{new_code}（{year}年）写了两次")
    steps = succession.filter(old != new).select("year", "line", start="old_code", reached="new_code")
    onward = steps.select("year", reached="start", further="reached")
    for _ in range(steps.height):
        _refuse(
            steps.filter(pl.col("start") == pl.col("reached")), path, "{year}年{start}的承接关系绕回了它自己"
        )
        steps = (
            steps.join(onward, on=["year", "reached"])
            .select("year", "line", "start", reached="further")
            .unique()
        )
        if steps.is_empty():
            break


def _check_year(registry: Registry, year: int, units: pl.DataFrame, path: Path) -> None:
    of_year = registry.units(year)
    orphans = of_year.filter(pl.col("level") != "city").join(
        of_year, left_on="parent_code", right_on="org_code", how="anti", maintain_order="left"
    )
    lines = units.filter(
        pl.col("valid_from").fill_null(0) <= year, pl.col("valid_to").fill_null(9999) >= year
    ).select("org_code", "line")
    _refuse(
        orphans.join(lines, on="org_code", maintain_order="left"),
        path,
        f"{{name}}（{{org_code}}）在{year}年存在，它的上级 {{parent_code}} 在{year}年不存在",
    )


def _check_shares(registry: Registry, succession: pl.DataFrame, path: Path) -> None:
    """Check that old and new units exist, and that a unit that ended hands on all of its history."""
    for (old, year), given in succession.group_by("old_code", "year", maintain_order=True):
        line, share = given.item(0, "line"), given["share"].sum()
        valid = registry.units(int(str(year)))["org_code"]
        if old not in registry.units(int(str(year)) - 1)["org_code"]:
            raise mistakes.mistake_at(path, line, f"{old}在{year}年的前一年不存在，不能在{year}年移交")
        for number, code in given.select("line", "new_code").iter_rows():
            if code not in valid:
                raise mistakes.mistake_at(path, number, f"承接单位 {code} 在{year}年不存在")
        if share > 1 + _WHOLE or (old not in valid and share < 1 - _WHOLE):
            raise mistakes.mistake_at(path, line, f"{old}在{year}年的承接比例合计为{share:g}，应为1")
