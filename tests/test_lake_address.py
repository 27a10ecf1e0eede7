"""What NIANBAO_PUBLISH may say, and what is told of what it may not: never its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.lake.address import parse_address
from warehouse.lake.place import LakeFailed, PostgresCatalogue

GOOD = "ducklake:postgresql://office@db.example.cn:5433/lake?data=s3://bucket/folder"


def test_a_server_and_a_bucket_are_read() -> None:
    place = parse_address(GOOD, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000", "AWS_ACCESS_KEY_ID": "key"})
    assert place.catalogue == PostgresCatalogue("db.example.cn", 5433, "lake", "office")
    assert place.data == "s3://bucket/folder/"
    assert place.keys is not None
    assert (place.keys.endpoint, place.keys.is_encrypted, place.keys.key) == ("127.0.0.1:9000", False, "key")


def test_a_file_and_a_folder_are_read() -> None:
    place = parse_address("ducklake:/srv/lake.ducklake?data=/srv/lake", {})
    assert (place.catalogue, place.data, place.keys) == (Path("/srv/lake.ducklake"), "/srv/lake/", None)


def test_a_password_is_read_and_not_shown() -> None:
    place = parse_address("ducklake:postgresql://office:a%40b%3Ac@db/lake?data=/srv/lake", {})
    assert isinstance(place.catalogue, PostgresCatalogue)
    assert place.catalogue.password == "a@b:c"
    assert "a@b" not in f"{place!r} {place.label}"
    assert "a%40b" not in f"{place!r} {place.label}"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://office:verysecret@db/lake?data=/srv/lake",
        "ducklake:postgresql://office:verysecret@db/lake",
        "ducklake:postgresql://office:verysecret@db:port/lake?data=/srv/lake",
        "ducklake:postgresql://office:verysecret@db/?data=/srv/lake",
        "ducklake:postgresql://office:verysecret@db/lake?data=lake",
        "ducklake:postgresql://office:verysecret@db/lake?data=s3://",
        "ducklake:postgresql://office:verysecret@db/lake?data=/srv/lake&schema=x",
        "ducklake:mysql://office:verysecret@db/lake?data=/srv/lake",
        "ducklake:lake.ducklake?data=/srv/verysecret",
    ],
)
def test_another_address_is_refused_in_a_sentence_without_its_password(address: str) -> None:
    with pytest.raises(LakeFailed, match="NIANBAO_PUBLISH") as refused:
        parse_address(address, {})
    assert "verysecret" not in str(refused.value)
