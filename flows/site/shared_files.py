"""What all pages share: style, scripts, the library that draws charts, and the designs of the charts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from flows.site.kept_pages import ASSETS
from flows.site.parts.charts import Design, design_charts, read_versions

_ROOM = "flows.site"
_OWN = ("site.css", "site.js", "tiles.js", "search.js")
LIBRARY = f"{ASSETS}/vega.js"
DESIGNS = f"{ASSETS}/chart_designs.json"
SEARCH_INDEX = f"{ASSETS}/search_index.js"
_SNIPPET = "globalThis.vegaEmbed = vegaEmbed;"


@cache
def fingerprint_room() -> str:
    """What this room says and does: its templates, styles, scripts and modules."""
    digest = hashlib.sha256(read_versions().encode())
    folder = resources.files(_ROOM)
    for part in (folder, folder / ASSETS, folder / "parts"):
        for file in sorted(part.iterdir(), key=lambda each: each.name):
            if file.is_file() and not file.name.endswith(".pyc"):
                digest.update(file.name.encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()


def read_own_files() -> dict[str, bytes]:
    """Styles and scripts, by their place below site/."""
    folder = resources.files(_ROOM) / ASSETS
    return {f"{ASSETS}/{name}": (folder / name).read_bytes() for name in _OWN}


def find_library(site: Path) -> bytes:
    """The library that draws charts: as it lies below site/, or made anew where it is missing or of other versions."""
    head = f"/* {read_versions()} */".encode()
    try:
        known = (site / LIBRARY).read_bytes()
    except OSError:
        known = b""
    return known if known.startswith(head) and known.endswith(_END) else head + _make_library()


_END = b"})();\n"


@cache
def _make_library() -> bytes:
    """Vega, Vega-Lite and Vega-Embed as one classic script, which names nothing but ``vegaEmbed``."""
    import vl_convert

    return b"\n(function () {\n" + vl_convert.javascript_bundle(snippet=_SNIPPET).encode() + b"\n" + _END


def find_designs(site: Path) -> Mapping[str, Design]:
    """The designs of the charts: as they lie below site/, or made anew where they are missing or of other versions."""
    made_by = fingerprint_room()
    try:
        known = json.loads((site / DESIGNS).read_text(encoding="utf-8"))
        if known["made_by"] == made_by:
            return {name: known["designs"][name] for name in ("years", "units")}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return _design()


@cache
def _design() -> Mapping[str, Design]:
    return design_charts()


def write_designs(designs: Mapping[str, Design]) -> bytes:
    """The designs as they are kept."""
    return json.dumps(
        {"made_by": fingerprint_room(), "designs": designs}, ensure_ascii=False, sort_keys=True
    ).encode()
