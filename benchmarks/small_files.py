"""A night whose inbox holds very many small files of no use: how long it takes to receive, refuse and answer them all.

python -m benchmarks.small_files                               20,000 texts
python -m benchmarks.small_files --kind workbook --files 2000

Beside it stands how long it takes, in the same run, to copy and fsync the same files and nothing more.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import xlsxwriter

from benchmarks.measuring import load, run_measured
from benchmarks.nights import NIANBAO
from flows.settings import Home, Installation, Settings

TARGET = "60 s for 20,000 files"
LANHE = Path(__file__).parent.parent / "tests" / "catalogues" / "lanhe"


def _write_text(number: int) -> bytes:
    return f"附件 {number}".encode()


def _write_workbook(number: int) -> bytes:
    """A workbook of something else; its number is the comment of its zip."""
    comment = str(number).encode()
    return _OTHER_WORKBOOK[:-2] + len(comment).to_bytes(2, "little") + comment


def _make_other_workbook() -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.add_worksheet("通讯录").write_row(0, 0, ["姓名", "电话"])
    return content.getvalue()


_OTHER_WORKBOOK = _make_other_workbook()
KINDS: dict[str, Callable[[int], bytes]] = {
    "text": _write_text,
    "workbook": _write_workbook,
    "empty": lambda _number: b"",
    "copy": lambda _number: _write_text(0),
}


def fill(home: Path, count: int, kind: str = "text") -> Home:
    """Files of a few bytes each, in a hundred folders of the inbox."""
    place = Installation(Settings(home=home, catalogue=LANHE))
    place.home.make()
    for number in range(count):
        folder = place.home.inbox / f"{number % 100:02}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:05}.xlsx").write_bytes(KINDS[kind](number))
    return place.home


def copy_plainly(inbox: Path, target: Path) -> float:
    """Seconds to copy every file of the inbox and fsync it, one after the other."""
    files = [path for path in sorted(inbox.rglob("*")) if path.is_file()]
    target.mkdir()
    begun = time.perf_counter()
    for number, file in enumerate(files):
        with (target / str(number)).open("wb") as copy:
            copy.write(file.read_bytes())
            copy.flush()
            os.fsync(copy.fileno())
    return time.perf_counter() - begun


def main() -> None:
    """Fill an inbox, copy it, run its night, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--kind", choices=KINDS, default="text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = fill(Path(folder) / "home", options.files, options.kind)
        copied = copy_plainly(home.inbox, Path(folder) / "copied")
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment |= {
            "NIANBAO_HOME": str(home.root),
            "NIANBAO_CATALOGUE": str(LANHE),
            "NIANBAO_QUIET_SECONDS": "0",
        }
        found = run_measured((*NIANBAO, "nightly"), environment, home.root)
        engine = next((line for line in found.text.splitlines() if line.startswith("处理用时")), "")
        thousands = options.files / 1000
        print(
            f"{options.files:,} files ({options.kind}): {found.seconds:.0f} s "
            f"({found.cpu_seconds:.0f} s of processors), target {TARGET}; {load()}"
        )
        print(
            f"for 1,000 files {found.seconds / thousands:.1f} s, of copying and fsync alone {copied / thousands:.1f} s: "
            f"{found.seconds / copied:.1f} times as long"
        )
        print(f"largest process {found.largest_mib:.0f} MiB\n{engine}")


if __name__ == "__main__":
    main()
