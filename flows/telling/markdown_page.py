"""The receipt as a page: the same text, for whoever opens it in a browser or prints it."""

from __future__ import annotations

import re
from html import escape

from markdown_it import MarkdownIt

_STYLE = """
body { font: 14px/1.6 "Noto Sans CJK SC", "Microsoft YaHei", "SimSun", sans-serif; }
body { max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1 { text-align: center; font-size: 1.6em; } h2 { font-size: 1.15em; }
table { border-collapse: collapse; width: 100%; } td, th { border: 1px solid #888; padding: .25em .5em; vertical-align: top; }
hr ~ p { font-size: .7em; color: #666; word-break: break-all; }
h2 + table th, h2 + table td:nth-child(2) { white-space: nowrap; }
th { background: #eee; } td:first-child { white-space: nowrap; } hr { border: 0; border-top: 1px solid #888; }
@media print { body { margin: 0; font-size: 11px; } @page { size: A4; margin: 12mm; } }
"""


_NOTHING_FETCHED = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
_SIGNS = str.maketrans("<>|[]*`\\&#", "＜＞｜［］＊｀＼＆＃")
_AT_THE_START = re.compile(r"^([-+=]+|\d+[.)])(?=\s|$)")  # of a list, a line or a title
_AT_A_WORD = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # Markdown takes no other underscore for its own
_FULL_WIDTH = str.maketrans("-+=.)", "－＋＝．）")
_CONTROLS = re.compile(r"\s*[\x00-\x1f\x7f-\x9f\u2028\u2029]+\s*")
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Signs without a shape that turn the reading direction: with them a name ending in .exe seems to end in .xlsx."""


def escape_text(value: object) -> str:
    """A text of others as one line of Markdown that says just what it says: no tag, link, picture or table cell of theirs.

    Signs that Markdown would take for its own are written full-width.
    """
    text = _CONTROLS.sub(" ", _DIRECTIONS.sub("", "" if value is None else str(value)))
    text = _AT_A_WORD.sub("＿", text.translate(_SIGNS).strip())
    return _AT_THE_START.sub(lambda found: found[0].translate(_FULL_WIDTH), text)


_PLAIN = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable("table")
_PLAIN.disable(["image", "link", "autolink", "reference"])  # a receipt has none of its own


def render_page(markdown: str, title: str) -> str:
    """A page of HTML that stands alone: no script, nothing fetched; tags in ``markdown`` are shown as text."""
    body = _PLAIN.render(markdown)
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">{_NOTHING_FETCHED}<title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )
