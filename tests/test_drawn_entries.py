"""What Hypothesis draws for the workbooks that LibreOffice opens."""

from __future__ import annotations

import random
from pathlib import Path
from threading import Event, Thread

from tests.drawn_entries import COUNTY, drawn, small_catalogue


def test_entries_are_drawn_while_another_thread_draws_random_numbers(tmp_path: Path) -> None:
    ended = Event()

    def disturb() -> None:
        while not ended.is_set():
            random.random()

    other = Thread(target=disturb)
    other.start()
    try:
        found = drawn(small_catalogue(tmp_path / "catalogue"), COUNTY, 2)
    finally:
        ended.set()
        other.join()
    assert len(found) == 2
