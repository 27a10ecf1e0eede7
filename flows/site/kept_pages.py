"""The pages that are kept from night to night: nothing is done where nothing has changed, and only what differs is written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from warehouse.ledger.durability import make_folder, sync_folder, write_durably

ASSETS = "assets"
"""The folder of what the pages share."""
MANIFEST = f"{ASSETS}/manifest.json"
"""Which files are ours, and what they were made of."""
_OURS = re.compile(r"(?:assets/)?[\w-]+\.(?:html|css|js|json)", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """What the manifest says: ``made_of`` is the fingerprint of all that the pages were made of.

    ``seals``: of pages that are left alone where only others change, by file (:func:`find_unchanged`).
    """

    made_of: str = ""
    files: tuple[str, ...] = ()
    seals: Mapping[str, str] = field(default_factory=dict)


def read_kept(folder: Path) -> Kept:
    """The pages of the last night; none where the manifest is missing or cannot be read."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = tuple(name for name in said["files"] if _OURS.fullmatch(name))
        seals = {name: str(seal) for name, seal in said.get("seals", {}).items() if name in files}
        return Kept(str(said["made_of"]), files, seals)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Kept()


def is_up_to_date(folder: Path, kept: Kept, made_of: str) -> bool:
    """Whether the pages were made of the same, and all of them are still there."""
    return kept.made_of == made_of and all((folder / name).is_file() for name in kept.files)


def find_unchanged(folder: Path, kept: Kept, sources: Mapping[str, str]) -> set[str]:
    """The pages that need not be made: they were made of the same as now, and lie there as they were written.

    ``sources``: page -> the fingerprint of what it alone is made of. A seal is of both, source and content, since a night
    that is cut off leaves new pages beside an old manifest.
    """
    found = set()
    for name, source in sources.items():
        try:
            if name in kept.seals and kept.seals[name] == _seal(source, (folder / name).read_bytes()):
                found.add(name)
        except OSError:
            continue
    return found


def _seal(source: str, content: bytes) -> str:
    return hashlib.sha256(source.encode() + b"\0" + content).hexdigest()


def keep_pages(
    folder: Path,
    kept: Kept,
    made_of: str,
    pages: Mapping[str, bytes],
    sources: Mapping[str, str] | None = None,
    unchanged: Collection[str] = (),
) -> list[str]:
    """Write what differs, then the manifest; remove what belongs no longer. The names of what was written.

    ``unchanged``: pages that stay as they are. ``sources``: as in :func:`find_unchanged`, of these and of others.
    """
    make_folder(folder / ASSETS)
    written = [name for name, content in pages.items() if _differs(folder / name, content)]
    for name in written:
        write_durably(folder / name, pages[name])
    for name in set(kept.files) - set(pages) - set(unchanged):
        (folder / name).unlink(missing_ok=True)
    seals = {name: kept.seals[name] for name in unchanged}
    seals |= {name: _seal(source, pages[name]) for name, source in (sources or {}).items() if name in pages}
    said = {"made_of": made_of, "files": sorted({*pages, *unchanged}), "seals": dict(sorted(seals.items()))}
    write_durably(folder / MANIFEST, json.dumps(said, ensure_ascii=False, indent=1).encode())
    sync_folder(folder)
    return written


def _differs(file: Path, content: bytes) -> bool:
    try:
        return file.stat().st_size != len(content) or file.read_bytes() != content
    except OSError:
        return True
