"""Objects of an S3 bucket (moto's server) are fetched at a night's start; a bucket that is not there stops nothing."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from flows.settings import Installation
from tests.integration.conftest import LANHE, NewInstallation, Samples, night
from warehouse.ledger.journal import Event, Journal
from warehouse.store.query import query

EAST = "990101"
BUCKET = "nianbao"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """An empty bucket, as the environment leads to it."""
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = boto3.resource("s3").Bucket(BUCKET)
    found.create()
    yield found
    found.objects.all().delete()
    found.delete()


def sample(samples: Samples) -> bytes:
    [path] = (samples([2024], LANHE, [EAST]) / EAST).iterdir()
    return path.read_bytes()


def fetching(place: Installation, inbox: str) -> Installation:
    return Installation(place.settings.model_copy(update={"inbox": inbox}))


def keys(bucket: object) -> list[str]:
    return sorted(found.key for found in bucket.objects.all())  # type: ignore[attr-defined]


def received(place: Installation) -> list[str]:
    journal = Journal(place.home.journal, read_only=True)
    return [e.payload["file_name"] for e in journal.entries() if e.event == Event.RECEIVED]


def test_an_object_below_the_prefix_is_judged_and_moved_to_where_nothing_is_fetched_again(
    installation: NewInstallation, samples: Samples, bucket: object
):
    put = bucket.put_object  # type: ignore[attr-defined]
    put(Key="in/", Body=b"")  # a folder, as consoles make one
    put(Key=f"in/{EAST}/", Body=b"")
    put(Key=f"in/{EAST}/年报 2024.xlsx", Body=sample(samples))
    put(Key=f"in/{EAST}/年报.xlsx.part", Body=b"half")
    put(Key="elsewhere/年报.xlsx", Body=b"not ours")
    place = fetching(installation(catalogue=LANHE), f"s3://{BUCKET}/in")
    report = night(place)
    assert received(place) == ["年报 2024.xlsx"]
    assert query(place.home.database, "SELECT unit_code FROM quality.submission").rows() == [(EAST,)]
    assert not report.left
    stamp = f"{Journal(place.home.journal, read_only=True).entries()[0].at:%Y%m%dT%H%M%S%f}"
    moved = f"in/已收取/{stamp}/{EAST}/年报 2024.xlsx"
    assert moved in keys(bucket)
    assert f"in/{EAST}/年报 2024.xlsx" not in keys(bucket)
    assert {f"in/{EAST}/年报.xlsx.part", "elsewhere/年报.xlsx"} <= set(keys(bucket))
    night(place)
    assert received(place) == ["年报 2024.xlsx"]
    assert moved in keys(bucket)


def test_a_whole_bucket_is_a_source_too(installation: NewInstallation, samples: Samples, bucket: object):
    bucket.put_object(Key=f"{EAST}/年报.xlsx", Body=sample(samples))  # type: ignore[attr-defined]
    place = fetching(installation(catalogue=LANHE), f"s3://{BUCKET}")
    night(place)
    assert received(place) == ["年报.xlsx"]


def test_no_key_leads_out_of_the_inbox(installation: NewInstallation, bucket: object):
    for key in ("in/../../../out.xlsx", "in/990101/../../out.xlsx"):
        bucket.put_object(Key=key, Body=b"x")  # type: ignore[attr-defined]
    place = fetching(installation(catalogue=LANHE), f"s3://{BUCKET}/in")
    report = night(place)
    assert received(place) == []
    assert not list(place.home.root.parent.rglob("out.xlsx"))
    assert sum("名称中有不能使用的字符" in said for said in report.left) == 2


def test_what_cannot_be_reached_is_told_and_what_lies_in_the_inbox_is_received(
    installation: NewInstallation, samples: Samples, bucket: object, monkeypatch: pytest.MonkeyPatch
):
    place = fetching(installation([2024], [EAST], LANHE), "s3://nowhere/in")
    report = night(place)
    assert len(received(place)) == 1
    [said] = report.left
    assert said == "s3://nowhere/in：没有这个存储桶，请核对。"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    [said] = night(fetching(place, f"s3://{BUCKET}")).left
    assert "没有密钥，请设置 AWS_ACCESS_KEY_ID" in said
    monkeypatch.setenv("NIANBAO_SECRET_CITY", "key:secret")
    assert not night(fetching(place, f"s3://{BUCKET}#CITY")).left
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    [said] = night(fetching(place, f"s3://{BUCKET}#CITY")).left
    assert "无法连接，请核对 AWS_ENDPOINT_URL" in said
