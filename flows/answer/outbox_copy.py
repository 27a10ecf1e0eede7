"""The outbox in a place elsewhere (NIANBAO_OUTBOX): what is new in a unit's folder here is copied into its folder there.

Nothing is deleted there. A correction workbook that is replaced goes aside there as it does here, with what somebody has
filled in meanwhile; also one that another machine wrote, whose outbox is not this one. What was copied is noted in the home:
a file that its unit has taken away does not come again, and a night in which the place was down is made good by the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from flows.answer.corrections import EARLIER
from flows.answer.outgoing import Report
from flows.answer.receipts import find_outbox_folder
from flows.night import Night
from flows.places.destination import Destination, DestinationFailed
from flows.places.together import run_together
from flows.system_words import explain_error
from warehouse.ledger.durability import UNFINISHED_PREFIX, write_durably

COPIED = "outbox_copied.json"
_LATER = "回执和更正表未能全部送到，下次夜间作业会补送。"


class Copied(BaseModel):
    """What was copied where: name below the outbox -> its size and time of change; ``replaced``: the folders and years of
    which the correction workbooks there are still to be put aside."""

    where: str = ""
    files: dict[str, tuple[int, int]] = Field(default_factory=dict)
    replaced: set[tuple[str, int]] = Field(default_factory=set)


def copy_outbox(night: Night, report: Report) -> list[str]:
    """Copy what is new; Chinese sentences about what went wrong."""
    names = night.catalogue.unit_names()
    latest = report.submissions.filter("is_latest").select("unit_code", "year")
    answered = {(find_outbox_folder(unit, names.get(unit)), year) for unit, year in latest.iter_rows()}
    return copy_folders(night.home.outbox, night.installation.settings.outbox, night.home.root, answered)


def copy_folders(
    outbox: Path, address: str, home: Path, answered: Collection[tuple[str, int]] = ()
) -> list[str]:
    """The same for the folders of units in ``outbox``; ``answered``: folder and year of what was answered just now."""
    try:
        place = Destination(address, "共用发件箱")
    except DestinationFailed as error:
        return [f"{error}{_LATER}"]
    if place.folder is not None and place.folder.resolve().is_relative_to(home.resolve()):
        return [f"NIANBAO_OUTBOX 不能放在数据目录 {home} 之内，请另选位置。"]
    copied = _read(home / COPIED)
    if copied.where != place.where:
        copied = Copied(where=place.where, replaced=copied.replaced)
    copied.replaced |= set(answered)
    try:
        for folder, year in sorted(copied.replaced):
            _put_aside(place, outbox, folder, year)
        _copy_new(place, outbox, copied)
        copied.replaced = set()  # only now: a place that is down may look as if nothing lay there
    except DestinationFailed as error:
        return [f"{error}{_LATER}"]
    except OSError as error:
        return [f"发件箱 {error.filename or outbox}：{explain_error(error)}{_LATER}"]
    finally:
        write_durably(home / COPIED, copied.model_dump_json(indent=1).encode())
    return []


def _put_aside(place: Destination, outbox: Path, folder: str, year: int) -> None:
    """Put correction workbooks aside there that are no longer those of the year."""
    for name in place.list_sizes(folder):
        is_correction = "/" not in name and name.startswith(f"更正表_{year}_") and name.endswith(".xlsx")
        if is_correction and not (outbox / folder / name).is_file():
            place.move(f"{folder}/{name}", f"{folder}/{EARLIER}/{name}")


def _copy_new(place: Destination, outbox: Path, copied: Copied) -> None:
    def copy(name: str) -> bool:
        with (outbox / name).open("rb") as source:
            place.write(name, source)
        return True

    here = dict(_list_files(outbox))
    went_aside = {name for name, mark in here.items() if copied.files.get(_name_before(name)) == mark}
    known = {name: here[name] for name in here if copied.files.get(name) == here[name] or name in went_aside}
    copied.files = known
    for name, _ in run_together(copy, [name for name in here if name not in known]):
        copied.files[name] = here[name]


def _name_before(name: str) -> str:
    """The name of a correction workbook before it was put aside."""
    folder, _, last = name.rpartition("/")
    return f"{folder.removesuffix(f'/{EARLIER}')}/{last}"


def _list_files(outbox: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    for file in sorted(outbox.rglob("*")):
        if file.is_file() and not file.is_symlink() and not file.name.startswith(UNFINISHED_PREFIX):
            found = file.stat()
            yield file.relative_to(outbox).as_posix(), (found.st_size, found.st_mtime_ns)


def _read(file: Path) -> Copied:
    try:
        return Copied.model_validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return Copied()
