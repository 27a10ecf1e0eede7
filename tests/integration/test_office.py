"""The whole office: counties report by mail and SFTP, a worker runs the night, everybody hears what concerns them, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Samples
from tests.integration.postgres import run_postgres
from tests.integration.whole_office import EAST, WEST, City, run_city, workbook
from tests.message_servers import plain
from tests.written_mails import write_mail


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with run_postgres() as database, run_city(tmp_path_factory.mktemp("city"), database) as city:
        yield city


def test_three_mistakes_by_mail_and_a_good_workbook_by_sftp(
    city: City, samples: Samples, tmp_path: Path
) -> None:
    bad = workbook(samples, EAST, tmp_path, mistakes=True)
    city.inbox.deliver(write_mail("east@example.cn", {"东岸县年报.xlsx": bad}, subject="东岸县2024年报"))
    (city.share / WEST / "西岸县年报.xlsx").write_bytes(workbook(samples, WEST, tmp_path, mistakes=False))
    run = city.night()
    artifacts = city.office.artifacts(run)
    assert {"summary", "reading", "digest"} <= artifacts.keys()
    assert any(key.startswith(f"receipt-{EAST}-2024") for key in artifacts)
    # The answer goes back the way the workbook came.
    [answer] = city.mails_to("east")
    assert answer["Subject"] == "回复：东岸县2024年报"
    assert answer["In-Reply-To"] == "<1@example.cn>"
    [attached] = answer.iter_attachments()
    assert str(attached.get_filename()).startswith("更正表_2024_")
    [other] = city.mails_to("west")
    assert "已接收" in other["Subject"]
    assert [path.name for path in (city.share / WEST).iterdir()] == []
    assert city.inbox.list_subjects("已收取") == ["东岸县2024年报"]
    # The digest is the administrator's alone.
    [digest] = city.mails_to("admin")
    for mistake in ("约三十", "-5", "很多"):
        assert mistake in plain(digest)
    assert city.mails_to("leader") == []


def test_nothing_is_sent_twice_the_next_night(city: City) -> None:
    city.night()
    assert city.outgoing.messages == []


def test_one_message_says_that_the_mistakes_are_mended(city: City, samples: Samples, tmp_path: Path) -> None:
    good = workbook(samples, EAST, tmp_path, mistakes=False)
    mended = write_mail("east@example.cn", {"更正.xlsx": good}, subject="更正", message_id="<2@example.cn>")
    city.inbox.deliver(mended)
    city.night()
    [answer] = city.mails_to("east")
    assert "已接收" in plain(answer)
    [digest] = city.mails_to("admin")
    assert "已解决" in plain(digest)
    assert "新增" not in plain(digest)
    assert len(city.outgoing.messages) == 2
