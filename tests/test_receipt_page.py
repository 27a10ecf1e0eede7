"""A receipt as a page and as a file: nothing is fetched, nothing of others runs, nobody outside the group reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.telling.markdown_page import render_page
from tests.receipt_office import Office, submission
from warehouse.ledger import durability


@pytest.mark.parametrize(
    "text",
    [
        "![p](http://a.b/p.png)",
        "[点](http://a.b)",
        "<img src=http://a.b>",
        "<http://a.b>",
        "![x][a]\n\n[a]: http://a.b",
    ],
)
def test_a_page_fetches_nothing_and_links_nowhere_whatever_others_wrote(text: str) -> None:
    page = render_page(f"# 回执\n\n{text}\n\n| a |\n| --- |\n| {text.splitlines()[0]} |\n\n[x][a]\n", "回执")
    assert "<img" not in page
    assert "<a " not in page
    assert "default-src 'none'" in page


def test_receipts_are_the_groups_to_read_and_survive_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync_folder = durability.sync_folder

    def noted(folder: Path) -> None:
        synced.append(folder.name)
        sync_folder(folder)

    monkeypatch.setattr(durability, "sync_folder", noted)
    office = Office(tmp_path)
    office.write([submission()])
    written = sorted(p for p in office.outbox.rglob("*") if p.is_file())
    assert [p.suffix for p in written] == [".html", ".md"]
    assert [p.stat().st_mode & 0o777 for p in written] == [0o640, 0o640]
    assert (
        synced[-2:] == ["371621惠民县"] * 2
    )  # before them its parents, whose new folders are made durable too
