"""Files of an SFTP server, OpenSSH's own, are fetched at a night's start; what cannot be fetched stays there and is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.sshd import SshServer, run_sshd
from warehouse.ledger.journal import Event, Journal
from warehouse.store.query import query

EAST, WEST = "990101", "990102"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    with run_sshd(tmp_path_factory.mktemp("sshd") / "server") as running:
        yield running


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """The folder that counties reach by SFTP."""
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


def fetching(place: Installation, server: SshServer, share: Path, **others: object) -> Installation:
    """The same installation, fetching from the server's share."""
    found = {
        "inbox": server.url(share),
        "sftp_key": server.key,
        "sftp_known_hosts": server.known_hosts,
        **others,
    }
    return Installation(place.settings.model_copy(update=found))


def deliver(samples: Samples, share: Path, unit: str) -> Path:
    """A unit's sample workbook, in its folder of the share."""
    [path] = (samples([2024], LANHE, [unit]) / unit).iterdir()
    target = share / unit / path.name
    target.parent.mkdir(exist_ok=True)
    shutil.copy(path, target)
    return target


def received(place: Installation) -> list[str]:
    journal = Journal(place.home.journal, read_only=True)
    return [e.payload["file_name"] for e in journal.entries() if e.event == Event.RECEIVED]


def fetched(share: Path) -> list[str]:
    """What was moved on the server, without the night's folder."""
    folder = share / "已收取"
    return sorted("/".join(p.relative_to(folder).parts[1:]) for p in folder.rglob("*") if p.is_file())


def test_a_workbook_on_the_server_is_judged_and_moved_there_into_a_folder_of_what_was_fetched(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path
):
    workbook = deliver(samples, share, EAST)
    place = fetching(installation(catalogue=LANHE), server, share)
    report = night(place)
    assert received(place) == [workbook.name]
    found = query(place.home.database, "SELECT unit_code, year FROM quality.submission").rows()
    assert found == [(EAST, 2024)]
    assert fetched(share) == [f"{EAST}/{workbook.name}"]
    assert not workbook.exists()
    assert not list(place.home.inbox.rglob("*.xlsx"))
    assert not [said for said in report.left if "sftp" in said]
