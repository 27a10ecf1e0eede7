"""Data Docs as plain files: the pages that Great Expectations renders, made self-contained, and their index.

As rendered they fetch styles and scripts from a dozen addresses on the internet, which an office network does not reach, and
their index is drawn by such a script. Here references to elsewhere and scripts are cut, a small style sheet is put
in, and the index is written anew.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from warehouse.words import labels
from warehouse.words.templates import render_text

_ROOM = "expectations.gate"


class GateCounts(Protocol):
    """The counts that the index sums up for a page."""

    @property
    def severity(self) -> str: ...
    @property
    def evaluated(self) -> int: ...
    @property
    def failed(self) -> int: ...


@dataclass(frozen=True)
class UnitLine:
    """A submission on a page: unit, year, and the number of findings of each severity (labels.SEVERITY)."""

    unit_name: str
    year: int
    counts: Sequence[int]


@dataclass(frozen=True)
class Head:
    """The head of every page: the time of the night and the submissions it judged."""

    at: str
    units: Sequence[UnitLine]


@dataclass(frozen=True)
class Page:
    """One suite's page: file name without ending, Chinese title, counts of its expectations, HTML, submissions."""

    name: str
    title: str
    counts: Sequence[GateCounts]
    text: str
    units: Sequence[UnitLine]


Write = Callable[[Path, bytes], object]
"""Puts a page where it belongs, in the place of the one before."""


def write_pages(pages: Sequence[Page], folder: Path, head: Head, write: Write) -> None:
    """Write every page and ``index.html`` into ``folder``; pages of suites that no longer exist are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    outdated = set(folder.glob("*.html"))
    for page in pages:
        text = make_self_contained(page.text, page.title)
        about = render_text(_ROOM, "page_head.html", **_describe_page(page.title, head.at, page.units))
        text = _CONTENT.sub(lambda found, about=about: found.group() + about, text, count=1)  # type: ignore[misc]
        write(folder / f"{page.name}.html", text.encode())
        outdated.discard(folder / f"{page.name}.html")
    index = render_text(
        _ROOM,
        "index.html",
        pages=[{"name": page.name, "title": page.title, "numbers": _count_results(page)} for page in pages],
        style=_STYLE,
        **_describe_page("审核结果", head.at, head.units),
    )
    write(folder / "index.html", index.encode())
    for old in outdated - {folder / "index.html"}:
        old.unlink()


def make_self_contained(text: str, title: str) -> str:
    """A rendered page without scripts and remote files, its fixed texts translated into Chinese where possible."""
    for pattern in _CUT:
        text = pattern.sub("", text)
    text = re.sub(r"<title>.*?</title>", f"<title>{html.escape(title)}</title>", text, flags=re.DOTALL)
    text = re.sub(r'href="[./]*index\.html"', 'href="index.html"', text)
    text = re.sub(r'<a\b[^>]*href="[^"]*expectations/[^"]*"[^>]*>(.*?)</a>', r"\1", text, flags=re.DOTALL)
    for english, chinese in _WORDS.items():
        text = text.replace(english, chinese)
    for phrase, chinese in _PHRASES:
        text = phrase.sub(chinese, text)
    return text.replace("</head>", f"<style>{_STYLE}</style></head>", 1)


def _describe_page(title: str, at: str, units: Sequence[UnitLine]) -> dict[str, object]:
    return {"title": title, "at": at, "units": units, "severities": list(labels.SEVERITY.values())}


def _count_results(page: Page) -> list[int]:
    """Of a suite: the number of expectations, of broken ones, of evaluations, and of failures by severity."""
    broken = sum(1 for count in page.counts if count.failed)
    failed = [sum(c.failed for c in page.counts if c.severity == severity) for severity in labels.SEVERITY]
    return [len(page.counts), broken, sum(count.evaluated for count in page.counts), *failed]


_CONTENT = re.compile(r'<div class="container-fluid[^>]*>')

_CUT = (
    re.compile(
        r'<div class="card mb-3">\s*<div class="card-header p-2">\s*<strong>Actions.*?</div>\s*</div>\s*</div>\s*</div>',
        re.DOTALL,
    ),
    re.compile(r'<li class="ge-breadcrumbs-item breadcrumb-item active".*?</li>', re.DOTALL),
    re.compile(r"<script\b.*?</script>", re.DOTALL),
    re.compile(r"<link\b[^>]*>", re.DOTALL),
    re.compile(r"<img\b[^>]*>", re.DOTALL),
    re.compile(r"<footer\b.*?</footer>", re.DOTALL),
    re.compile(r"@import[^;]*;"),
    re.compile(r"url\([\"']?https?:[^)]*\)"),
)

_WORDS = {
    "Expectation Validation Result": "审核结果",
    "Evaluates whether a batch of data matches expectations.": "Great Expectations 对当晚全部报送的核对。",
    "Table of Contents": "目录",
    "Table-Level Expectations": "表内审核关系",
    "Unsuccessful Expectations": "未通过项",
    "Successful Expectations": "通过项",
    "Evaluated Expectations": "审核项",
    "Success Percent": "通过率",
    "Expectation Suite:": "报表：",
    "Observed Value": "结果",
    "Statistics": "统计",
    "Overview": "概况",
    "Home": "返回",
}

_PHRASES = (
    (
        re.compile(r"(\d+) unexpected values? found\. (≈?[\d.]+%) of (\d+) total rows\."),
        r"\1 处不成立，占 \3 行的 \2",
    ),
    (re.compile(r"(≈?[\d.]+%) unexpected"), r"不成立 \1"),
    (re.compile(r"(≈?[\d.]+%) not null"), r"齐全 \1"),
    (re.compile(r">\s*Expectation\s*<"), ">审核项<"),
    (re.compile(r">\s*Status\s*<"), ">状态<"),
    (re.compile(r"Data asset:\s*None"), ""),
    (re.compile(r"Status:"), "状态："),
    (re.compile(r"\bFailed\b"), "未通过"),
    (re.compile(r"\bSucceeded\b"), "通过"),
)

_STYLE = """
body{font-family:"Microsoft YaHei","PingFang SC","Noto Sans CJK SC",sans-serif;margin:0;color:#222}
.container-fluid,nav{max-width:76rem;margin:0 auto;padding:0 1rem}
body>.container-fluid>.row{display:flex;gap:2rem}.col-lg-2{flex:0 0 14rem}.col-lg-10,.col-md-10{flex:1;min-width:0}
h1,h2,h3,h4,h5,h6{margin:1rem 0 .5rem;font-size:1.05rem}h1{font-size:1.4rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.9rem}
td,th{border:1px solid #ddd;padding:.3rem .5rem;text-align:left;vertical-align:top}
th{background:#f3f5f7}td.number{text-align:right}.text-danger{color:#c62828}td br{display:none}
a{color:#0b5cad;text-decoration:none}ul{padding-left:1rem}ol.breadcrumb{list-style:none;padding:0}
.fa-check-circle::before{content:"✔";color:#1a7f37;font-style:normal}
.fa-times::before,.fa-times-circle::before{content:"✘";color:#c62828;font-style:normal}
.fa-exclamation-triangle::before{content:"!";color:#b26a00;font-style:normal}
.navbar{height:auto!important}.navbar-brand,.breadcrumb-item.active{display:none}
.card:has(.btn-group),[data-toggle="collapse"],.collapse{display:none}
"""
