"""Texts and statements stand in files: each says what it is given, is in the package, and is used."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
from jinja2 import Environment, meta, nodes

from warehouse.words.templates import render_lines, render_text

ROOT = Path(__file__).parents[1]
STOREYS = ("flows", "expectations", "transforms", "warehouse")
TEMPLATES = sorted(path for storey in STOREYS for path in (ROOT / storey).rglob("*.j2"))
STATEMENTS = sorted(
    path for storey in STOREYS for path in (ROOT / storey).rglob("*.sql") if path.parent.name == "sql"
)
HEADER = re.compile(r"\{#(.*?)#\}", re.DOTALL)
SYNTAX = Environment(trim_blocks=True, lstrip_blocks=True)
SYNTAX.filters |= dict.fromkeys(("grouped", "in_cells", "in_one_line"), str)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_begins_with_the_values_it_is_given(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    header = HEADER.match(source)
    assert header, "begin with {# what the text is, and the values it is given #}"
    told = set(re.findall(r"\w+", header.group(1)))
    assert meta.find_undeclared_variables(SYNTAX.parse(source)) <= told


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_what_a_sentence_is_given_is_told_before_it(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for macro in SYNTAX.parse(source).find_all(nodes.Macro):
        before = " ".join(HEADER.findall(source.partition(f"macro {macro.name}(")[0]))
        assert {argument.name for argument in macro.args} <= set(re.findall(r"\w+", before)), macro.name


@pytest.mark.parametrize("path", STATEMENTS, ids=named)
def test_a_statement_is_read_by_its_room(path: Path) -> None:
    room = path.parents[1]
    code = "\n".join(module.read_text(encoding="utf-8") for module in room.glob("*.py"))
    package = ".".join(room.relative_to(ROOT).parts)
    assert f'statement("{package}", "{path.stem}")' in code


def test_the_package_carries_templates_and_statements() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    [declared] = re.findall(r'^"\*" = \[(.*)\]$', project, re.MULTILINE)
    patterns = re.findall(r'"([^"]+)"', declared)
    for path in (*TEMPLATES, *STATEMENTS):
        assert any(fnmatch(path.as_posix(), pattern) for pattern in patterns), path


def test_a_text_keeps_what_others_wrote_and_a_page_of_html_escapes_it() -> None:
    told = render_text("flows.answer", "failure", association="甲<乙>", moment="今天", reason="盘满。")
    assert told == "甲<乙>年报夜间作业中止　今天\n\n原因：盘满。\n请在服务器上运行 nianbao doctor 检查。\n"
    page = render_text(
        "expectations.gate", "page_head.html", title="甲<乙>", at="今天", units=(), severities=["强制性"]
    )
    assert page.startswith("<h1>甲&lt;乙&gt;</h1><p>今天的夜间作业，核对报送0份")


@pytest.mark.parametrize(
    ("days", "is_over", "said"),
    [(10, False, "当日，还有 10 天"), (0, False, "当日，今天截止"), (-3, False, "当日，已过 3 天"), (-3, True, "当日")],
)  # fmt: skip
def test_a_sentence_is_one_line(days: int, is_over: bool, said: str) -> None:
    assert render_lines("flows.answer", "sentences", "due", day="当日", days=days, is_over=is_over) == [said]
