"""A mail server's mailbox that keeps each mail as a file, by whom it is for."""

from __future__ import annotations

from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.message_servers import Mailbox


class KeptMails(Mailbox):
    """Writes what it gets below ``folder``, as <recipient>/<number>.eml."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        assert isinstance(envelope.content, bytes)
        for recipient in envelope.rcpt_tos:
            mails = self.folder / recipient
            mails.mkdir(parents=True, exist_ok=True)
            number = len(list(mails.glob("*.eml"))) + 1
            (mails / f"{number}.eml").write_bytes(envelope.content)
        return answer
