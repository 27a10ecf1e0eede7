"""What a backup holds besides journal and objects: papers given, digests, what was told already, the catalogue, settings.

Not the warehouse (it is computed anew), the inbox (its files are still the senders'), pages, work and logs. Secrets are
not written either: of the settings only those named here, and of addresses never the password.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.places.destination import describe_address
from flows.settings import Home, Installation
from warehouse.ledger.durability import UNFINISHED_PREFIX

RESTORED = "restored_"
"""How folders begin that hold what a restore put aside."""
SETTINGS = "settings.json"
STATE = "backup_state.json"
"""Which place was backed up to last, and when: below the home, and of no use elsewhere."""
_SETTINGS = ("home", "catalogue", "workers", "quiet_seconds", "actor")
_OTHERS = {"archive", "earlier", "inbox", "outbox", "site", "work"}


@dataclass(frozen=True)
class Paper:
    """A file of the installation, and the path it has in a backup."""

    path: str
    source: Path


def list_papers(installation: Installation, *, with_warehouse: bool) -> Iterator[Paper]:
    """The files to keep, besides the archive, as they lie there at this moment."""
    home = installation.home
    for file in _list_home_files(home):
        yield Paper(f"home/{file.relative_to(home.root).as_posix()}", file)
    folder = installation.settings.catalogue
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".yaml", ".csv"} and file.is_file():
            yield Paper(f"catalogue/{file.relative_to(folder).as_posix()}", file)
    for file in home.warehouses if with_warehouse else ():
        if file.is_file():
            yield Paper(f"home/{file.name}", file)


def describe_settings(installation: Installation) -> bytes:
    """The settings that are no secrets, as JSON."""
    known = installation.settings
    shown: dict[str, str] = {name: str(getattr(known, name)) for name in _SETTINGS}
    shown |= {
        name: describe_address(address)
        for name in ("archive", "backup", "journal", "outbox", "work")
        if (address := getattr(known, name))
    }
    return (json.dumps(shown, ensure_ascii=False, indent=1) + "\n").encode()


def _list_home_files(home: Home) -> Iterator[Path]:
    for folder in (
        home.outbox,
        home.root / "earlier",
        home.site / "digests",
        *sorted(home.root.glob(f"{RESTORED}*")),
    ):
        found = (file for file in sorted(folder.rglob("*")) if _is_whole_file(file))
        names = tuple(file.name for file in home.warehouses)
        yield from (file for file in found if not file.name.startswith(names))
    states = [*home.root.glob("*.json"), *home.root.glob("*/*.json")]
    for file in (home.site / "digest.md", *sorted(states)):
        top = file.relative_to(home.root).parts[0]
        is_state = top not in {*_OTHERS, STATE} and not top.startswith((".", RESTORED))
        if (is_state or file.name == "digest.md") and _is_whole_file(file):
            yield file


def _is_whole_file(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and not file.name.startswith(UNFINISHED_PREFIX)
