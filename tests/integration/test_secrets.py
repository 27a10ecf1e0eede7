"""A night in which everything fails tells nobody a password: not the terminal, not a file, not Prefect's database."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flows.error_log import note_error
from tests.integration.conftest import LANHE, Samples

COMMAND = [sys.executable, "-c", "from flows.cli.app import main; main()"]
DEAD = "127.0.0.1:1"
CONTACTS = """\
- {id: east, name: 王某, role: clerk, units: ['990101'], mail: [east@example.cn]}
- {id: admin, name: 李某, role: administrator, mail: [admin@example.cn], channels: [mail, group, odd]}
"""
SECRET = "geheim"
"""Each secret begins with it, so that none is missed."""


def list_settings() -> dict[str, str]:
    """A secret of its own wherever one may stand, and nobody who answers."""
    names = (f"{SECRET}{number:02}xyz" for number in range(100))
    one = names.__next__
    return {
        "NIANBAO_SMTP": f"smtps://nianbao:{one()}@{DEAD}/?from=nianbao@example.cn",
        "NIANBAO_SMTP_PASSWORD": one(),
        "NIANBAO_ALERTS": f"json://u:{one()}@{DEAD}/{one()} gopher://{one()} {one()} wecombot://{one()}!",
        "NIANBAO_DEADMAN": f"json://u:{one()}@{DEAD}/{one()}",
        "NIANBAO_CHANNEL_GROUP": f"jsons://u:{one()}@{DEAD}/?token={one()}",
        "NIANBAO_CHANNEL_ODD": f"nosuch://{one()}/{one()}",
        "NIANBAO_INBOX": " ".join(
            (
                f"sftp://u:{one()}@{DEAD}/a",
                f"sftp://u@{DEAD}/b#PLACE",
                f"imaps://u:{one()}@{DEAD}/",
                f"imap://u:{one()}@example.invalid/",
                "s3://bucket/prefix#BUCKET",
                f"gopher://u:{one()}@{DEAD}/",
                f"sftp://u:{one()}@{DEAD}:port/a",
                f"sftp://u:{one()}@[{DEAD}/a",
            )
        ),
        "NIANBAO_SECRET_PLACE": one(),
        "NIANBAO_SECRET_BUCKET": f"key:{one()}",
        "NIANBAO_SFTP_PASSWORD": one(),
        "NIANBAO_IMAP_PASSWORD": one(),
        "NIANBAO_BACKUP": f"sftp://u:{one()}@{DEAD}/backup",
        "NIANBAO_PUBLISH": f"ducklake:postgresql://u:{one()}@{DEAD}/lake?data=s3://bucket/lake",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": one(),
        "AWS_ENDPOINT_URL": f"http://{DEAD}",
        "AWS_MAX_ATTEMPTS": "1",
    }


class Office:
    """A home whose every setting holds a secret; what was said of it so far."""

    def __init__(self, root: Path) -> None:
        self.root, self.home, self.said = root, root / "home", ""
        catalogue = Path(shutil.copytree(LANHE, root / "catalogue"))
        (catalogue / "contacts.yaml").write_text(CONTACTS, encoding="utf-8")
        known_hosts = root / "known_hosts"
        known_hosts.touch()
        self.settings = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")},
            **list_settings(),
            "NIANBAO_HOME": str(self.home),
            "NIANBAO_CATALOGUE": str(catalogue),
            "NIANBAO_SFTP_KNOWN_HOSTS": str(known_hosts),
            "NIANBAO_RETRY_SECONDS": "[]",
            "PREFECT_LOGGING_LEVEL": "DEBUG",
            "PREFECT_LOGGING_TO_API_ENABLED": "true",
        }

    def run(self, *arguments: str, **settings: str) -> int:
        done = subprocess.run(
            [*COMMAND, *arguments],
            env={**self.settings, **settings},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        self.said += done.stdout + done.stderr
        return done.returncode

    def leaks(self) -> list[str]:
        """Where a secret stands, and what is around it."""
        found = [("terminal", self.said.encode())]
        found += [(str(p), p.read_bytes()) for p in sorted(self.home.rglob("*")) if p.is_file()]
        return [
            f"{name}: …{content[max(at - 80, 0) : at + 20].decode(errors='replace')}"
            for name, content in found
            if (at := content.find(SECRET.encode())) >= 0
        ]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_night_in_which_everything_fails_tells_no_secret(office: Office, samples: Samples) -> None:
    shutil.copytree(samples([2024], LANHE) / "990101", office.home / "inbox" / "990101")
    assert office.run("nightly") in (0, 1), office.said
    office.run("doctor")
    office.run("doctor", "--deadman")
    office.run("doctor", "--send-test")
    office.run("backup")
    assert "东岸县" in office.said
    assert "李某" in office.said
    assert office.said.count("sftp://") > 1
    assert office.leaks() == []


def test_a_journal_in_a_database_that_does_not_answer_tells_no_secret(office: Office) -> None:
    address = f"postgresql://u:{SECRET}j1@{DEAD}/city?password={SECRET}j2"
    for command in (("nightly",), ("doctor",), ("doctor", "--deadman")):
        assert office.run(*command, NIANBAO_JOURNAL=address, PGPASSWORD=f"{SECRET}j3") != 0
    assert office.said.count("登记簿所在的数据库 postgresql://u@127.0.0.1:1/city：服务器拒绝连接") >= 3
    assert office.leaks() == []


def test_a_value_that_a_setting_cannot_have_is_told_in_a_sentence(office: Office) -> None:
    assert office.run("status", "--year", "2024", NIANBAO_WORKERS="many") == 2
    assert "Traceback" not in office.said
    assert "NIANBAO_WORKERS" in office.said


def test_the_log_of_errors_holds_no_secret_that_a_library_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIANBAO_SMTP", f"smtps://u:{SECRET}%20a@{DEAD}")
    monkeypatch.setenv("NIANBAO_CHANNEL_GROUP", f"wecombot://{SECRET}b")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"{SECRET}c")
    note_error(tmp_path, f"ValueError: {SECRET}%20a, '{SECRET} a', wecombot://{SECRET}b, {SECRET}c: kept")
    [log] = tmp_path.iterdir()
    written = log.read_text(encoding="utf-8")
    assert SECRET not in written
    assert "ValueError: ***" in written
    assert "kept" in written


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        pytest.param(
            "NIANBAO_BACKUP",
            f"gopher://u:{SECRET}@{DEAD}/backup",
            id="no such place",
            marks=pytest.mark.deep,
        ),
        pytest.param(
            "NIANBAO_BACKUP",
            f"sftp://u:{SECRET}@{DEAD}:port/backup",
            id="no such port",
            marks=pytest.mark.deep,
        ),
        pytest.param("NIANBAO_SMTP", f"smtps://u:{SECRET}@[{DEAD}", id="no such server"),
        pytest.param("NIANBAO_SMTP", f"gopher://u:{SECRET}@{DEAD}", id="no such way", marks=pytest.mark.deep),
        pytest.param("NIANBAO_WORKERS", SECRET, id="no number", marks=pytest.mark.deep),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_without_its_secret(
    office: Office, setting: str, value: str
) -> None:
    for command in ("nightly", "doctor", "backup"):
        office.run(command, **{setting: value})
    assert office.leaks() == []
