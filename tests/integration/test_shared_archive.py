"""An archive in a place that several machines reach: what one has received the other rebuilds; what is lost here comes back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.settings import Installation
from tests.integration.conftest import NewInstallation, night
from tests.integration.warehouse_content import assert_same_content


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


def sharing(place: Installation, **addresses: object) -> Installation:
    """The same installation, read anew, with places that it shares."""
    return Installation(place.settings.model_copy(update={k: str(v) for k, v in addresses.items()}))


@pytest.fixture
def received(after_a_night: NewInstallation, there: Path) -> Installation:
    """An installation whose files were received before it shared its archive, and which had a night since."""
    place = sharing(after_a_night([2024]), archive=there)
    night(place)
    return place


def objects(folder: Path) -> set[str]:
    return {file.name for file in (folder / "objects").glob("*/*")}


def test_what_was_received_before_is_in_the_shared_archive_after_a_night(
    received: Installation, there: Path
) -> None:
    assert objects(there) == objects(received.home.archive) != set()


def test_a_home_without_objects_is_rebuilt_from_the_shared_archive(
    received: Installation, there: Path
) -> None:
    before = shutil.copy(received.home.database, there / "before.duckdb")
    shutil.rmtree(received.home.archive / "objects")
    night(received, from_scratch=True)
    assert objects(received.home.archive) == objects(there)
    assert_same_content(Path(before), received.home.database)
