"""Prefect's temporary server, once for all integration tests; installations whose inbox holds sample workbooks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from flows.running.embedded_server import prepare

_PREFECT = tempfile.TemporaryDirectory(prefix="prefect-")
prepare(Path(_PREFECT.name))  # before anything imports prefect

from flows.answer.outgoing import Report  # noqa: E402
from flows.lake.address import parse_address  # noqa: E402
from flows.nightly import run_night  # noqa: E402
from flows.settings import Installation, Settings  # noqa: E402
from tests.integration.lakes import address_of, make_database  # noqa: E402
from tests.integration.postgres import PostgresServer  # noqa: E402
from tests.integration.sample_files import SampleFiles  # noqa: E402
from warehouse.catalogue.load import DEFAULT_FOLDER  # noqa: E402
from warehouse.lake.place import LakePlace  # noqa: E402

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
    """``samples(years, catalogue, units=None)``: a folder of sample workbooks, unit by unit, each written once.

    Name the units that the test looks at: a workbook of the whole catalogue takes half a second.
    """
    known: dict[tuple[tuple[int, ...], Path], SampleFiles] = {}

    def folder(
        years: Sequence[int], catalogue: Path = DEFAULT_FOLDER, units: Sequence[str] | None = None
    ) -> Path:
        key = (tuple(years), catalogue)
        if key not in known:
            known[key] = SampleFiles(tmp_path_factory.mktemp("samples"), catalogue, years)
        return known[key].written(units)

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
    if years and (units is None or units):
        for folder in sorted(samples(years, catalogue, units).iterdir()):
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


@pytest.fixture
def lake_address(postgres: PostgresServer, tmp_path: Path) -> str:
    """A lake that nobody has written into, as NIANBAO_PUBLISH names it: a database of its own and a folder."""
    return address_of(make_database(postgres), tmp_path / "lake")


@pytest.fixture
def lake(lake_address: str) -> LakePlace:
    """The same lake."""
    return parse_address(lake_address, {})


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory, samples: Samples) -> NewInstallation:
    """``settled(years, units, catalogue)``: an installation after the night that received these, made once, to copy."""
    made: dict[tuple[object, ...], Installation] = {}

    def once(years: Sequence[int], units: Sequence[str] | None, catalogue: Path) -> Installation:
        key = (tuple(years), None if units is None else tuple(units), catalogue)
        if key not in made:
            home = tmp_path_factory.mktemp("settled") / "home"
            made[key] = new_installation(home, samples, years, units, catalogue)
            night(made[key])
        return made[key]

    return once


@pytest.fixture
def after_a_night(tmp_path: Path, settled: NewInstallation) -> NewInstallation:
    """``after_a_night(years, units=None, catalogue=LANHE)``: like ``installation``, its inbox received by a night."""

    def make(
        years: Sequence[int], units: Sequence[str] | None = None, catalogue: Path = LANHE
    ) -> Installation:
        return copied(settled(years, units, catalogue), tmp_path / "home")

    return make


def copied(place: Installation, home: Path) -> Installation:
    """Another installation in the same state, to be changed by one test."""
    shutil.copytree(place.home.root, home)
    return Installation(place.settings.model_copy(update={"home": home}))


def night(place: Installation, *, from_scratch: bool = False) -> Report:
    """One night of the installation, run as the flow that the command line runs."""
    from flows.running.embedded_server import run_as_flow

    return run_as_flow("nightly", lambda: run_night(place, from_scratch=from_scratch))
