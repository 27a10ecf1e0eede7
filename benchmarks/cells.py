"""Only reading the cells: what a night is compared with."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineWorkbook

_IN_ONE_GO = 8  # workbooks handed to a process at a time


@dataclass(frozen=True)
class CellsRead:
    """How many cells with blank ones, and in how many seconds with so many processes."""

    cells: int
    seconds: float
    processes: int


def read_cells(files: Sequence[Path]) -> int:
    """Read every cell of every sheet, in this one process; how many there were."""
    return sum(_count_cells(file) for file in files)


def read_cells_together(files: Sequence[Path], processes: int) -> CellsRead:
    """The same with ``processes`` processes, whose start is not timed."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        list(pool.map(_count_cells, files[: 4 * processes]))  # all are started, and have read something
        start = time.perf_counter()
        cells = sum(pool.map(_count_cells, files, chunksize=_IN_ONE_GO))
        return CellsRead(cells, time.perf_counter() - start, processes)


def _count_cells(file: Path) -> int:
    book = CalamineWorkbook.from_path(str(file))
    sheets = (book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names)
    return sum(len(row) for sheet in sheets for row in sheet)
