"""Channels: an address of Apprise's, how much a message may hold there, and whether the other side took it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal

import apprise

from flows.dispatch.robots import ROBOTS

MESSAGE_BYTES = 2048
"""WeCom takes so many bytes a message, title included, and Apprise does not split by bytes: pages are cut by us."""
_PAGE_BYTES = {"dingtalk": 20_000, "feishu": 18_000}
"""Scheme -> bytes a message may hold; MESSAGE_BYTES of the others."""
_NAMES = {"wecombot": "企业微信", "dingtalk": "钉钉", "feishu": "飞书"}
_LEAST_BYTES = 4  # a character's, at most
_NEXT_ADDRESS = re.compile(r"[\s,]+(?=[a-z0-9][a-z0-9+.-]*://)|\s+")
_NUMBERING_BYTES = 24  # （99/99） and the line break between title and body


Stopped = Literal["channel", "address", "message"]


class ChannelDown(Exception):
    """A channel did not take a message; one Chinese sentence without its secret. ``may_heal``: another try may help.

    ``stops``: what is not tried again this night: the channel, the mail address, or this message alone.
    """

    def __init__(self, sentence: str, *, may_heal: bool = True, stops: Stopped = "channel") -> None:
        super().__init__(sentence)
        self.may_heal = may_heal
        self.stops = stops


def split_into_pages(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most ``limit`` UTF-8 bytes (but one character at least), cut between lines where possible."""
    limit = max(limit, _LEAST_BYTES)
    page = ""
    for line in text.splitlines(keepends=True):
        if len((page + line).encode()) > limit and page:
            yield page
            page = ""
        rest = line
        while len(rest.encode()) > limit:
            cut = rest.encode()[:limit].decode(errors="ignore")
            yield cut
            rest = rest[len(cut) :]
        page += rest
    if page.strip():
        yield page


def list_addresses(urls: str) -> list[str]:
    """The single addresses of a list separated by blanks or commas, whatever their schemes are called."""
    return [found for url in _NEXT_ADDRESS.split(urls.strip()) if (found := url.strip(","))]


class Channel:
    """One address. Keep it for a night: pages and messages keep the distance that the vendor asks for."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.scheme, self._separator, _ = address.partition("://")
        self._taken: tuple[str, str, int] = (
            "",
            "",
            0,
        )  # title and body of a message, and how many of its pages were taken

    @property
    def label(self) -> str:
        """What people call it: 企业微信, or the scheme."""
        return _NAMES.get(self.scheme, self.scheme)

    @property
    def is_mail(self) -> bool:
        """Whether it takes a text of any length."""
        return self.scheme.startswith("mailto")

    def send(self, title: str, body: str, page: str = "") -> None:
        """Send a text, in numbered pages where it is too long for one message. ChannelDown.

        Another try of the same message goes on after the pages that were taken. ``page``: the same as HTML, which a mail
        shows instead.
        """
        if self._service is None:
            raise ChannelDown(
                f"通知地址无法识别（{self.scheme if self._separator else '缺少“类型://”'}）。", may_heal=False
            )
        room = _PAGE_BYTES.get(self.scheme, MESSAGE_BYTES) - len(title.encode()) - _NUMBERING_BYTES
        pages = [page or body] if self.is_mail else list(split_into_pages(body, room))
        done = self._taken[2] if self._taken[:2] == (title, body) else 0
        for number, part in enumerate(pages[done:], done + 1):
            heading = title if len(pages) == 1 else f"{title}（{number}/{len(pages)}）"
            if not self._post(heading, part, is_page=self.is_mail and bool(page)):
                why = getattr(self._service, "refusal", "")
                raise ChannelDown(f"通知未能发出（{self.label}{'：' + why if why else ''}）。")
            self._taken = (title, body, number)
        self._taken = ("", "", 0)

    def _post(self, title: str, body: str, *, is_page: bool) -> bool:
        channel = apprise.Apprise()
        channel.add(self._service)
        kind = apprise.NotifyFormat.HTML if is_page else apprise.NotifyFormat.TEXT
        return bool(channel.notify(title=title, body=body, body_format=kind))

    @cached_property
    def _service(self) -> Any:
        """Apprise's object for the address; None when it knows no such address."""
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        robot = ROBOTS.get(self.scheme)
        if robot is None:
            return apprise.Apprise.instantiate(self.address, suppress_exceptions=True)
        try:
            found = robot.parse_url(self.address)
            return robot(**found) if found else None
        except TypeError:  # Apprise's word for a token that cannot be one
            return None


def send_to_all(urls: str, title: str, body: str) -> list[str]:
    """Send to every address of a list; one Chinese sentence for each channel that failed (never its secret)."""
    failed = []
    for address in list_addresses(urls):
        try:
            Channel(address).send(title, body)
        except ChannelDown as error:
            failed.append(str(error))
    return failed
