"""The ways out of one night: each address and the mail server opened once, and what turned out to be down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flows.dispatch.channels import Channel, ChannelDown
from flows.dispatch.smtp import Letter, MailMisconfigured, MailServer, compose, read_mail_server, send

MAIL_SERVER = "mail server"


class Outlets:
    """Sends for one night. What is down after the last retry is not tried again before the next night."""

    def __init__(
        self, smtp: str, password: str, ca_file: Path | None, sender_name: str, clock: Callable[[], datetime]
    ) -> None:
        self._smtp, self._password, self._ca_file = smtp, password, ca_file
        self._sender_name, self._clock = sender_name, clock
        self._channels: dict[str, Channel] = {}
        self._down: dict[str, str] = {}

    def send_message(self, address: str, title: str, text: str, page: str = "") -> None:
        """Send a text to an address of Apprise's; ``page``: the same as HTML, for mails. ChannelDown."""
        self._refuse_when_down(address)
        self._channels.setdefault(address, Channel(address)).send(title, text, page)

    def send_letter(self, letter: Letter) -> None:
        """Send a mail. ChannelDown, also when no mail server is named or an attachment is gone."""
        for address in (MAIL_SERVER, *letter.to):
            self._refuse_when_down(address)
        try:
            message = compose(letter, self._server(), self._sender_name, self._clock())
        except OSError as error:
            raise ChannelDown(
                "邮件未能发出：附件读不出来，请检查发件文件夹。", may_heal=False, stops="message"
            ) from error
        send(message, self._server())

    def give_up(self, address: str, why: str) -> None:
        """Do not try an address, of Apprise's or of a mail, or MAIL_SERVER again this night."""
        self._down[address] = why

    def is_down(self, address: str) -> bool:
        """Whether an address was given up this night."""
        return address in self._down

    def _refuse_when_down(self, address: str) -> None:
        if why := self._down.get(address):
            raise ChannelDown(why, may_heal=False)

    def _server(self) -> MailServer:
        try:
            server = read_mail_server(self._smtp, self._password, self._ca_file)
        except MailMisconfigured as error:
            raise ChannelDown(f"邮件未能发出：{error}", may_heal=False) from error
        if server is None:
            raise ChannelDown("邮件未能发出：没有设置发信服务器，请设置 NIANBAO_SMTP。", may_heal=False)
        return server
