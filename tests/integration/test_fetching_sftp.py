"""Files of an SFTP server, OpenSSH's own, are fetched at a night's start; what cannot be fetched stays there and is told."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.fetching import opened_source
from flows.fetching.fetch import fetch_source, list_sources
from flows.health.doctor import examine_home
from flows.night import open_night
from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from tests.integration.sshd import SshServer, run_password_server, run_sshd
from transforms.reading.formats.book import MAX_BYTES
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


def test_what_is_not_finished_hidden_or_no_file_stays_there(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path
):
    workbook = deliver(samples, share, EAST)
    for name in (".hidden.xlsx", "~$open.xlsx", "half.xlsx.part", "half.xlsx.filepart"):
        (share / EAST / name).write_bytes(b"x")
    (share / EAST / "link.xlsx").symlink_to(workbook)
    (share / EAST / "two\nlines.xlsx").write_bytes(b"x")
    with (share / EAST / "large.xlsx").open("wb") as large:
        large.truncate(MAX_BYTES + 1)
    deep = share.joinpath(*"abcdefghij")
    deep.mkdir(parents=True)
    (deep / "deep.xlsx").write_bytes(b"x")
    place = fetching(installation(catalogue=LANHE), server, share)
    said = "\n".join(night(place).left)
    assert received(place) == [workbook.name]
    assert fetched(share) == [f"{EAST}/{workbook.name}"]
    assert f"{EAST}/link.xlsx：是链接（快捷方式），未收取。" in said
    assert f"{EAST}/two lines.xlsx：名称中有不能使用的字符" in said
    assert f"{EAST}/large.xlsx：共 64 兆字节，超过 64 兆字节的上限，未收取，仍在原处。" in said
    assert "超过 8 层，更深处的文件未收取" in said
    assert ".part" not in said


def test_a_file_that_is_being_written_comes_with_the_next_night(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path
):
    workbook = deliver(samples, share, EAST)
    content = workbook.read_bytes()
    place = fetching(installation(catalogue=LANHE), server, share, quiet_seconds=1.0)
    is_over = threading.Event()

    def write_slowly() -> None:
        with workbook.open("wb") as out:
            while not is_over.wait(0.05):
                out.write(content[:10])
                out.flush()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    report = night(place)
    is_over.set()
    writer.join()
    assert received(place) == []
    assert any(
        f"{EAST}/{workbook.name}：文件刚刚放入或仍在写入，留待下次收取。" in said for said in report.left
    )
    workbook.write_bytes(content)
    os.utime(workbook, (1, 1))
    night(place)
    assert received(place) == [workbook.name]


def test_loose_csv_files_come_together_or_not_at_all(
    installation: NewInstallation, server: SshServer, share: Path
):
    folder = share / EAST
    folder.mkdir()
    for name in ("一.csv", "二.csv"):
        (folder / name).write_bytes(b"a,b\n1,2\n")
    place = fetching(installation(catalogue=LANHE), server, share)
    with open_night(place) as opened:
        [source] = list_sources(opened)
        assert fetch_source(opened, source) == 2
    assert sorted(path.name for path in (place.home.inbox / EAST).iterdir()) == ["一.csv", "二.csv"]
    assert fetched(share) == [f"{EAST}/一.csv", f"{EAST}/二.csv"]
    (folder / "三.csv").write_bytes(b"a,b\n1,2\n")
    with (folder / "四.csv").open("wb") as large:
        large.truncate(MAX_BYTES)
    with open_night(place) as opened:
        assert fetch_source(opened, source) == 0
    assert (folder / "三.csv").exists()


def test_what_the_inbox_holds_already_is_not_written_over(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path
):
    workbook = deliver(samples, share, EAST)
    place = fetching(installation(catalogue=LANHE), server, share)
    other = place.home.inbox / EAST / workbook.name
    other.parent.mkdir(parents=True)
    other.write_bytes(b"another")
    report = night(place)
    assert workbook.exists()
    assert any("收件箱中已有同名的文件或链接，留待下次收取" in said for said in report.left)
    night(place)
    assert len(received(place)) == 2
    assert not workbook.exists()


def test_a_night_that_was_cut_off_before_it_moved_a_file_does_not_receive_it_twice(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path
):
    workbook = deliver(samples, share, EAST)
    place = fetching(installation(catalogue=LANHE), server, share)
    landed = place.home.inbox / EAST / workbook.name
    landed.parent.mkdir(parents=True)
    shutil.copy(workbook, landed)
    report = night(place)
    assert received(place) == [workbook.name]
    assert fetched(share) == [f"{EAST}/{workbook.name}"]
    assert not report.left


def test_two_files_of_one_name_are_both_kept_on_the_server(
    installation: NewInstallation, server: SshServer, share: Path
):
    place = fetching(installation(catalogue=LANHE), server, share)
    folder = share / EAST
    folder.mkdir()
    for content in (b"first", b"second"):
        (folder / "年报.xlsx").write_bytes(content)
        with open_night(place) as opened:
            [source] = list_sources(opened)
            fetch_source(opened, source)
        (place.home.inbox / EAST / "年报.xlsx").unlink()
    kept = sorted(path.read_bytes() for path in (share / "已收取").rglob("*.xlsx"))
    assert kept == [b"first", b"second"]


def test_a_name_in_gbk_is_fetched(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path
):
    workbook = deliver(samples, share, EAST)
    workbook.rename(workbook.with_name(os.fsdecode("年报2024.xlsx".encode("gbk"))))
    place = fetching(installation(catalogue=LANHE), server, share)
    night(place)
    assert received(place) == ["年报2024.xlsx"]
    assert not list((share / EAST).iterdir())


def test_a_server_that_may_only_be_read_is_fetched_from_once_and_says_so_once(
    installation: NewInstallation, samples: Samples, tmp_path: Path, share: Path
):
    workbook = deliver(samples, share, EAST)
    with run_sshd(tmp_path / "read_only", is_read_only=True) as server:
        place = fetching(installation(catalogue=LANHE), server, share)
        first = night(place)
        second = night(place)
        assert received(place) == [workbook.name]
        assert workbook.exists()
        assert sum("只能读取" in said for said in first.left) == 1
        assert not second.left
        assert second.repeated == []
        shutil.copy(deliver(samples, share, WEST), workbook)
        night(place)
        assert len(received(place)) == 2


def test_what_cannot_be_reached_is_told_one_by_one_and_the_others_are_fetched(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path, tmp_path: Path
):
    workbook = deliver(samples, share, EAST)
    place = fetching(installation(catalogue=LANHE), server, share)
    nobody = f"sftp://{server.user}@127.0.0.1:1/x"
    missing = server.url(tmp_path / "missing")
    secret = f"sftp://{server.user}:Geheim@127.0.0.1:{server.port}{tmp_path}/other"
    inbox = f"{nobody} {missing} {secret} /no/such/share ftp://x {server.url(share)}"
    report = night(fetching(place, server, share, inbox=inbox))
    said = "\n".join(report.left)
    assert received(place) == [workbook.name]
    assert f"{nobody}：主机拒绝连接" in said
    assert f"{missing}：找不到该文件夹" in said
    assert "/no/such/share：找不到该文件或文件夹" in said
    assert "第 5 项：不是可以收取的来源" in said
    assert len(report.left) == 5
    assert not [p for p in place.home.root.rglob("*") if p.is_file() and b"Geheim" in p.read_bytes()]


def test_a_server_whose_key_is_not_known_is_not_talked_to(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path, tmp_path: Path
):
    deliver(samples, share, EAST)
    strange = tmp_path / "known_hosts"
    kind, key, *_ = server.key.with_suffix(".pub").read_text().split()
    strange.write_text(f"[127.0.0.1]:{server.port} {kind} {key}\n")
    place = installation(catalogue=LANHE)
    for known in (strange, tmp_path / "no_such_file"):
        report = night(fetching(place, server, share, sftp_known_hosts=known))
        assert received(place) == []
        [said] = report.left
        assert "服务器的密钥未登记" in said or "no_such_file 无法读取：找不到该文件" in said


def test_a_key_that_the_server_does_not_know_is_told(
    installation: NewInstallation, server: SshServer, share: Path
):
    place = installation(catalogue=LANHE)
    [said] = night(fetching(place, server, share, sftp_key=server.key.with_name("host"))).left
    assert "用户名、密码或密钥不对" in said
    [said] = night(fetching(place, server, share, sftp_key=server.known_hosts)).left
    assert "密钥文件无法读取" in said


def test_a_server_that_never_answers_costs_no_more_than_its_time(
    installation: NewInstallation,
    samples: Samples,
    server: SshServer,
    share: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(opened_source, "CONNECT_SECONDS", 0.5)
    workbook = deliver(samples, share, EAST)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        inbox = f"sftp://{server.user}@127.0.0.1:{silent.getsockname()[1]}/x {server.url(share)}"
        place = fetching(installation(catalogue=LANHE), server, share, inbox=inbox)
        monkeypatch.setattr(opened_source, "ANSWER_SECONDS", 5)
        report = night(place)
    assert received(place) == [workbook.name]
    [said] = report.left
    assert "没有响应" in said


def test_a_folder_of_this_machine_is_a_source(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path
):
    workbook = deliver(samples, share, EAST)
    (share / EAST / "half.xlsx.part").write_bytes(b"x")
    place = fetching(installation(catalogue=LANHE), server, share, inbox=str(share))
    report = night(place)
    assert received(place) == [workbook.name]
    assert fetched(share) == [f"{EAST}/{workbook.name}"]
    assert not report.left
    night(place)
    assert received(place) == [workbook.name]


def test_doctor_says_what_waits_and_what_cannot_be_reached(
    installation: NewInstallation, samples: Samples, server: SshServer, share: Path
):
    deliver(samples, share, EAST)
    place = fetching(installation(catalogue=LANHE), server, share)
    health = examine_home(fetching(place, server, share, inbox=f"{server.url(share)} /no/such/share"))
    assert f"收取来源 {server.url(share)}：1 个文件待收取" in health.facts
    assert any(said.startswith("收取来源 /no/such/share：") for said in health.problems)
    assert received(place) == []


def test_a_password_stands_in_the_environment_or_in_the_address_and_is_written_nowhere(
    installation: NewInstallation,
    samples: Samples,
    share: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    secret = "Mi ma#1@"
    monkeypatch.setenv("NIANBAO_SECRET_COUNTY", secret)
    with run_password_server(share, tmp_path / "keys", "county", secret) as server:
        root = f"127.0.0.1:{server.port}/"
        ways = {
            f"sftp://county@{root}#COUNTY": "",
            f"sftp://county:Mi%20ma%231%40@{root}": "",
            f"sftp://county@{root}": secret,
            f"sftp://county@{root}{EAST}": "wr0ng",
        }
        place = fetching(installation(catalogue=LANHE), server, share, sftp_key=None)
        for number, (inbox, password) in enumerate(ways.items()):
            (share / EAST).mkdir(exist_ok=True)
            (share / EAST / f"{number}.xlsx").write_bytes(str(number).encode())
            others = {"inbox": inbox, "sftp_key": None, "sftp_password": SecretStr(password)}
            said = night(fetching(place, server, share, **others)).left
    assert received(place) == ["0.xlsx", "1.xlsx", "2.xlsx"]
    assert said == [f"sftp://county@{root}{EAST}：用户名、密码或密钥不对，请核对。"]
    written = [p.read_bytes() for p in place.home.root.rglob("*") if p.is_file()]
    assert not [content for content in written if secret.encode() in content or b"wr0ng" in content]
