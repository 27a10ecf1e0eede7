"""Brings the bulletin and the yearbook in site/ up to date: those of the newest year of which half of the units have reported,
and those of earlier years that lie there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from flows.bulletin.write import WRITERS, name_bulletin, write_bulletin
from flows.error_log import run_dispensable
from flows.night import Night
from flows.settings import read_code_version
from flows.yearbook.yearbook import name_yearbook, write_yearbook
from warehouse.catalogue.bulletin import read_declared_words
from warehouse.ledger.durability import write_durably
from warehouse.published.figures import fingerprint_numbers, list_published_years, list_years_shown
from warehouse.published.reporting import list_told_years

KEPT = ".papers.json"
"""Beside the papers: of which numbers and words each year's were made."""


def publish_papers(night: Night) -> list[str]:
    """Write what is outdated. What went wrong, as a sentence for the administrator: the night goes on without."""
    if not (night.installation.settings.site and night.home.database.exists()):
        return []
    said = "公报、年鉴未能更新，仍是上一次的内容"
    return run_dispensable(partial(_bring_up_to_date, night), said, night.home.root, night.run)


def _bring_up_to_date(night: Night) -> None:
    site, database = night.home.site, night.home.database
    kept = _read_kept(site / KEPT)
    told = [year for year in list_told_years(database) if year in list_published_years(database)]
    for withdrawn in [year for year in kept if int(year) not in told]:
        kept = _withdraw(site, kept, withdrawn)
    for year in told[-1:] + [year for year in told[:-1] if str(year) in kept]:
        made_of = _fingerprint(night, year)
        words, book = (
            [site / name_bulletin(year, ending[1:]) for ending in WRITERS],
            site / name_yearbook(year),
        )
        if kept.get(str(year)) == made_of and all(paper.is_file() for paper in (*words, book)):
            continue
        write_bulletin(database, night.catalogue, year, words)
        write_yearbook(database, night.catalogue, year, book)
        kept = {**kept, str(year): made_of}
        write_durably(site / KEPT, json.dumps(kept, indent=1).encode())


def _withdraw(site: Path, kept: Mapping[str, str], year: str) -> Mapping[str, str]:
    """Take the papers of a year away of which most reports stand no longer."""
    for paper in [*(name_bulletin(int(year), ending[1:]) for ending in WRITERS), name_yearbook(int(year))]:
        (site / paper).unlink(missing_ok=True)
    left = {known: made_of for known, made_of in kept.items() if known != year}
    write_durably(site / KEPT, json.dumps(left, indent=1).encode())
    return left


def _fingerprint(night: Night, year: int) -> str:
    """Everything that a year's papers are made of, in short; the moment of the night is not among it."""
    parts = [
        fingerprint_numbers(night.home.database, list_years_shown(night.home.database, year)),
        night.catalogue.version,
        read_declared_words(night.catalogue.folder),
        read_code_version(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read_kept(file: Path) -> Mapping[str, str]:
    """Year -> of what its papers were made; nothing where that cannot be read: then they are written anew."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return {year: str(made_of) for year, made_of in said.items() if year.isdecimal()}
    except (OSError, ValueError, AttributeError):
        return {}
