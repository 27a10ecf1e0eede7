"""Prefect's temporary server, once for all integration tests; installations whose inbox holds sample workbooks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from flows.embedded_server import prepare

_PREFECT = tempfile.TemporaryDirectory(prefix="prefect-")
prepare(Path(_PREFECT.name))  # before anything imports prefect

from flows.answer.morning import Report  # noqa: E402
from flows.cli.samples import write_samples  # noqa: E402
from flows.nightly import run_night  # noqa: E402
from flows.settings import Installation, Settings  # noqa: E402
from warehouse.catalogue.load import DEFAULT_FOLDER  # noqa: E402

LANHE = Path(__file__).parent.parent / "catalogues" / "lanhe"
"""The catalogue of an invented city with two counties: its nights take a second."""

NewInstallation = Callable[..., Installation]
Samples = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an integration test; warnings of the libraries' own are not ours to mend."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="package", autouse=True)
def prefect_server() -> Iterator[None]:
    """Prefect's temporary server. Its first start lays out a database, which takes a while on a small machine.

    It ends with this folder's tests, and with it the thread that sends it events, which draws from ``random`` now and
    then: that would break Hypothesis' tests elsewhere, for which random numbers must stay as they were.
    """
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """``samples(years, catalogue)``: a folder of sample workbooks, unit by unit, written once."""
    written: dict[tuple[tuple[int, ...], Path], Path] = {}

    def folder(years: Sequence[int], catalogue: Path = DEFAULT_FOLDER) -> Path:
        key = (tuple(years), catalogue)
        if key not in written:
            target = tmp_path_factory.mktemp("samples")
            place = Installation(Settings(home=target / "home", catalogue=catalogue))
            for _ in write_samples(place, list(years), target / "inbox"):
                pass
            written[key] = target / "inbox"
        return written[key]

    return folder


def new_installation(
    home: Path,
    samples: Samples,
    years: Sequence[int],
    units: Sequence[str] | None = None,
    catalogue: Path = DEFAULT_FOLDER,
) -> Installation:
    """An installation whose inbox holds the sample workbooks of ``units`` (default: all) for ``years``."""
    place = Installation(Settings(home=home, catalogue=catalogue, workers=2))
    place.home.make()
    if years:
        for folder in sorted(samples(years, catalogue).iterdir()):
            if units is None or folder.name in units:
                shutil.copytree(folder, place.home.inbox / folder.name)
    return place


@pytest.fixture
def installation(tmp_path: Path, samples: Samples) -> NewInstallation:
    """``installation(years, units=None, catalogue=…, name="home")``: a new one in this test's folder."""

    def make(
        years: Sequence[int] = (),
        units: Sequence[str] | None = None,
        catalogue: Path = DEFAULT_FOLDER,
        name: str = "home",
    ) -> Installation:
        return new_installation(tmp_path / name, samples, years, units, catalogue)

    return make


def night(place: Installation, *, from_scratch: bool = False) -> Report:
    """One night of the installation, run as the flow that the command line runs."""
    from flows.embedded_server import run_as_flow

    return run_as_flow("nightly", lambda: run_night(place, from_scratch=from_scratch))
