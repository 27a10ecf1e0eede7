"""The pages that are kept from night to night: nothing is done where nothing has changed, and only what differs is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.ledger.durability import make_folder, sync_folder, write_durably

ASSETS = "assets"
"""The folder of what the pages share."""
MANIFEST = f"{ASSETS}/manifest.json"
"""Which files are ours, and what they were made of."""
_OURS = re.compile(r"(?:assets/)?[\w-]+\.(?:html|css|js|json)", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """What the manifest says: ``made_of`` is the fingerprint of all that the pages were made of."""

    made_of: str = ""
    files: tuple[str, ...] = ()


def read_kept(folder: Path) -> Kept:
    """The pages of the last night; none where the manifest is missing or cannot be read."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Kept(str(said["made_of"]), tuple(name for name in said["files"] if _OURS.fullmatch(name)))
    except (OSError, ValueError, KeyError, TypeError):
        return Kept()


def is_up_to_date(folder: Path, kept: Kept, made_of: str) -> bool:
    """Whether the pages were made of the same, and all of them are still there."""
    return kept.made_of == made_of and all((folder / name).is_file() for name in kept.files)


def keep_pages(folder: Path, kept: Kept, made_of: str, pages: Mapping[str, bytes]) -> list[str]:
    """Write what differs, then the manifest; remove what belongs no longer. The names of what was written."""
    make_folder(folder / ASSETS)
    written = [name for name, content in pages.items() if _differs(folder / name, content)]
    for name in written:
        write_durably(folder / name, pages[name])
    for name in set(kept.files) - set(pages):
        (folder / name).unlink(missing_ok=True)
    said = {"made_of": made_of, "files": sorted(pages)}
    write_durably(folder / MANIFEST, json.dumps(said, ensure_ascii=False, indent=1).encode())
    sync_folder(folder)
    return written


def _differs(file: Path, content: bytes) -> bool:
    try:
        return file.stat().st_size != len(content) or file.read_bytes() != content
    except OSError:
        return True
