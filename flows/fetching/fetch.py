"""One source of a night: what it holds comes into the inbox; a source that cannot be reached is one sentence."""

from __future__ import annotations

import traceback

from flows.error_log import note_error
from flows.fetching.fetch_files import Errand, fetch_files
from flows.fetching.seen import Seen
from flows.fetching.sources import MailSource, S3Source, Source, read_sources
from flows.night import Night
from flows.settings import Home
from warehouse.catalogue.yaml_source import CatalogueError
from warehouse.ledger.journal import Event


def list_sources(night: Night) -> list[Source]:
    """Where this night fetches from; what is written wrongly is told. None when the journal is replayed."""
    if night.is_from_scratch:
        return []
    sources, refused = read_sources(night.installation.settings)
    night.record.left += refused
    return sources


def fetch_source(night: Night, source: Source) -> int:
    """Fetch from one source; how many files came. Whatever goes wrong is told and noted in the log: the others go on."""

    def left(sentence: str) -> None:
        night.record.left.append(f"{source.label}：{sentence}")

    def note(sentence: str) -> None:
        night.record.notes.append(f"{source.label}：{sentence}")

    # The libraries take a second to import: a night without sources need not wait for them.
    from flows.fetching.mailbox import fetch_mails
    from flows.fetching.opened_source import open_source
    from flows.fetching.unreachable import UNEXPECTED, explain_unreachable

    errand = Errand(night.home.inbox, night.installation.settings.quiet_seconds, night.at, left, note)
    try:
        if isinstance(source, MailSource):
            return fetch_mails(source, night.installation.contacts, _list_known_mails(night), errand)
        with open_source(source) as folder:
            return fetch_files(folder, Seen(night.home.fetched, source.id), errand)
    except CatalogueError as error:
        left(str(error))  # of contacts.yaml, with file and line
        return 0
    except Exception as error:  # noqa: BLE001 - whatever a library raises, it is this source alone that fails
        left(said := explain_unreachable(error))
        details = _describe(error, source, is_whole=said == UNEXPECTED)
        note_error(night.home.root, details, f"{night.run} {source.label}")
        return 0


def count_waiting(source: Source, home: Home) -> tuple[str, bool]:
    """How much waits at a source, or why it cannot be reached, in Chinese; and whether it can."""
    from flows.fetching.mailbox import list_new, open_mailbox
    from flows.fetching.opened_source import open_source
    from flows.fetching.unreachable import explain_unreachable

    try:
        if isinstance(source, MailSource):
            with open_mailbox(source) as box:
                return f"{len(list_new(box))} 封邮件待收取", True
        seen = Seen(home.fetched, source.id)
        with open_source(source) as folder:
            waiting = [file for file in folder.list_files(lambda _: None) if file not in seen]
    except Exception as error:  # noqa: BLE001 - whatever a library raises, it is told of this source alone
        return explain_unreachable(error), False
    return f"{len(waiting)} 个文件待收取", True


def _list_known_mails(night: Night) -> set[str]:
    """The ids of mails whose attachments were received."""
    notes = [e.payload.get("mail") for e in night.journal.entries() if e.event == Event.RECEIVED]
    return {str(note["message_id"]) for note in notes if note}


def _describe(error: Exception, source: Source, *, is_whole: bool) -> str:
    """The details for the log, all or the last line, without the source's secret, should a library quote it."""
    details = "".join((traceback.format_exception if is_whole else traceback.format_exception_only)(error))
    given = source.password.get_secret_value()
    for secret in (given, *given.split(":")[1:]) if isinstance(source, S3Source) else (given,):
        details = details.replace(secret, "***") if secret else details
    return details
