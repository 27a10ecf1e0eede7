"""NIANBAO_INBOX is read into sources; what is none is refused in a sentence, and no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.fetching.sources import FolderSource, MailSource, S3Source, SftpSource, Source, read_sources
from flows.settings import Settings


def read(inbox: str, **settings: object) -> tuple[list[Source], list[str]]:
    return read_sources(Settings(home=Path("/srv/nianbao"), inbox=inbox, **settings))  # type: ignore[arg-type]


def only(inbox: str, **settings: object) -> Source:
    [source], refused = read(inbox, **settings)
    assert not refused
    return source


def test_nothing_is_fetched_where_nothing_is_named():
    assert read(" ") == ([], [])


def test_sources_are_separated_by_blanks_or_commas_and_count_once():
    sources, refused = read("/mnt/a, file:///mnt/b%20c  s3://bucket/x,/mnt/a")
    assert [source.label for source in sources] == ["/mnt/a", "/mnt/b c", "s3://bucket/x"]
    assert not refused


def test_a_folder_is_a_path_or_an_address():
    for written in ("/mnt/a", "file:///mnt/a", "/mnt/./a/"):
        source = only(written)
        assert isinstance(source, FolderSource)
        assert source.path == Path("/mnt/a")


def test_an_sftp_source_has_its_defaults():
    source = only("sftp://office@files.example.cn/srv/nb")
    assert isinstance(source, SftpSource)
    assert (source.host, source.port, source.user, source.path) == (
        "files.example.cn",
        22,
        "office",
        "/srv/nb",
    )
    assert source.known_hosts == Path("~/.ssh/known_hosts").expanduser()


@pytest.mark.parametrize(
    ("written", "path"), [("", "."), ("/~/in", "in"), ("/", "/"), ("/in/", "/in"), ("/~", ".")]
)
def test_a_path_of_an_sftp_server_is_absolute_or_below_the_users_folder(written: str, path: str):
    source = only(f"sftp://office@h{written}")
    assert isinstance(source, SftpSource)
    assert source.path == path


def test_an_s3_source_has_bucket_and_prefix():
    source = only("s3://bucket/county/in/")
    assert isinstance(source, S3Source)
    assert (source.bucket, source.prefix) == ("bucket", "county/in")


def test_a_mailbox_has_its_defaults_and_a_chinese_folder():
    source = only("imaps://office@example.cn@mail.example.cn/%E5%B9%B4%E6%8A%A5", imap_password="geheim")
    assert isinstance(source, MailSource)
    assert (source.user, source.host, source.port) == ("office@example.cn", "mail.example.cn", 993)
    assert (source.folder, source.is_encrypted) == ("年报", True)


def test_a_password_stands_in_the_address_under_a_name_or_is_the_usual_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NIANBAO_SECRET_WEST", "named")
    sources, refused = read(
        "imaps://a:p%40ss@h imaps://b@h#WEST imaps://c@h sftp://d@h#WEST", imap_password="usual"
    )
    assert not refused
    assert [source.password.get_secret_value() for source in sources] == ["p@ss", "named", "usual", "named"]


REFUSED = {
    "ftp://h/x": "不是可以收取的来源",
    "in/box": "应写绝对路径",
    "/srv/nianbao/inbox": "相互包含",
    "/srv": "相互包含",
    "sftp://h/x": "应写用户名",
    "sftp://geheim@": "应写主机名",
    "sftp://u:geheim/x@h:22/in": "地址写法不对",
    "sftp://u:1geheim/x@h/in": "地址写法不对",
    "sftp://u:12/geheim@h/in": "地址写法不对",
    "imaps://u:12#geheim@h/in": "地址写法不对",
    "imaps://u:12?geheim@h/in": "地址写法不对",
    "imap://u:geheim@mail.example.cn": "imap:// 不加密，只能用于本机",
    "imaps://u@h": "没有邮箱密码",
    "imaps://u@h#NONE": "没有环境变量 NIANBAO_SECRET_NONE",
    "s3://key:geheim@bucket": "密钥放在 AWS_ACCESS_KEY_ID",
    "s3:///x": "S3 地址应写成",
}


@pytest.mark.parametrize("written", REFUSED)
def test_what_is_no_source_is_refused_in_a_sentence_without_its_secret_and_the_next_is_read(written: str):
    sources, [said] = read(f"{written} /mnt/a")
    assert [source.label for source in sources] == ["/mnt/a"]
    assert said.startswith("NIANBAO_INBOX 第 1 项：")
    assert REFUSED[written] in said
    assert "geheim" not in said


@pytest.mark.parametrize(
    "written", ["sftp://u:geheim@h/in", "imaps://u:geheim@h/in", "imap://u:geheim@127.0.0.1"]
)
def test_no_secret_is_shown_by_a_source_or_by_the_settings(written: str):
    source = only(written)
    assert "geheim" not in f"{source!r} {source} {source.label} {source.id}"
    assert "geheim" not in repr(Settings(inbox=written))
