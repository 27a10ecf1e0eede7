"""Writes a year's bulletin: a file for Word and a page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flows.bulletin.bulletin import Bulletin, compose_bulletin
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.durability import make_folder, write_durably


def name_bulletin(year: int, kind: str) -> str:
    """公报_2024.docx, 公报_2024.html."""
    return f"公报_{year}.{kind}"


def write_bulletin(database: Path, catalogue: Catalogue, year: int, targets: list[Path]) -> None:
    """Write the bulletin of ``year`` as each of ``targets``, by its ending (.docx, .html). YearNotPublished."""
    bulletin = compose_bulletin(database, catalogue, year)
    contents = [WRITERS[target.suffix.lower()](bulletin) for target in targets]
    for target, content in zip(targets, contents, strict=True):
        make_folder(target.parent)
        write_durably(target, content)


def _write_word(bulletin: Bulletin) -> bytes:
    from flows.bulletin.word_file import write_word_file

    return write_word_file(bulletin)


def _write_page(bulletin: Bulletin) -> bytes:
    from flows.bulletin.web_page import write_web_page
    from flows.charts.declared import draw_plotted
    from flows.charts.drawing import write_inline_svg

    return write_web_page(bulletin, lambda chart: write_inline_svg(draw_plotted(chart))).encode()


WRITERS: dict[str, Callable[[Bulletin], bytes]] = {".docx": _write_word, ".html": _write_page}
"""Ending -> what writes it; the libraries are loaded when they are needed."""
