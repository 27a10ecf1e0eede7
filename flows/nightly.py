"""The night as a Prefect flow: fetch, receive, read, conform, check, decide, load, roll up, indicators, publish, answer, send.

This page is the table of contents; each task is a thin wrapper around a function: of flows/fetching, which brings files from
where they are, flows/intake.py, which takes a batch in, flows/publication.py, flows/answer/outgoing.py for what the units and
the administrator find afterwards, flows/answer/sending.py for what goes out to them, flows/backup/night_end.py. ``rebuild``
is the same flow from an empty state: it replays the journal's batches and leaves sources, inbox, receipts and messages alone.
What a server schedules stands in flows/deployment.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import nullcontext

from flows import intake, publication
from flows.answer import outbox_copy, outgoing, sending
from flows.answer.artifacts import publish_artifacts, show_progress
from flows.answer.digest import News
from flows.answer.outgoing import Report
from flows.backup import night_end
from flows.dispatch.channels import ChannelDown
from flows.error_log import note_error
from flows.fetching.fetch import fetch_source, list_sources
from flows.figures.beginning import watching_beginning
from flows.figures.watch_night import watching
from flows.keeping.marks import keep_revised, marking_failure
from flows.lake.publish import publish_lake as bring_lake_up_to_date
from flows.night import Night, mark_end, note_unnamed, open_night
from flows.papers.publish import publish_papers as bring_papers_up_to_date
from flows.partitions.part_runner import OnDone, Parts, open_parts
from flows.places.modes import keeping_out_others
from flows.running.tasks import make_task, named, retried, tell_log
from flows.settings import Installation
from flows.site.publish import publish_site as bring_site_up_to_date
from flows.steps.batch import describe_units
from warehouse.ledger.journal import Entry
from warehouse.store.build import NightBuild
from warehouse.store.connection import WarehouseOccupied
from warehouse.store.publish import AlreadyRunning
from warehouse.store.query import kept_open

fetch = make_task("fetch", fetch_source)
receive = make_task("receive", intake.receive)
read = make_task("read", intake.read)
start_gate = make_task("start_gate", intake.start_gate)
judge = make_task("check", intake.judge)
decide = make_task("decide", intake.decide)
load = make_task("load", intake.load)
compute = make_task("indicators", publication.compute_indicators)
compute_again = make_task("vintages", publication.repeat_vintage)
publish = make_task("publish", publication.publish_build)
answer = make_task("receipts", outgoing.answer_units)
copy_outbox = make_task("outbox", outbox_copy.copy_outbox)
publish_pages = make_task("pages", outgoing.publish_pages)
clear_out = make_task("clear_out", night_end.clear_out_night)
publish_papers = make_task("papers", bring_papers_up_to_date)
publish_site = make_task("site", bring_site_up_to_date)
publish_lake = make_task("lake", bring_lake_up_to_date)
publish_digest = make_task("digest", outgoing.publish_digest)
send = make_task("send", sending.send_parcel)
back_up = make_task("backup", night_end.back_up_night)

_BEGUN_AGAIN = 2


def run_night(
    installation: Installation,
    *,
    from_scratch: bool = False,
    on_done: OnDone | None = None,
    is_tried_again: Callable[[Exception], bool] = lambda _error: False,
) -> Report:
    """A night; when it breaks off, the administrators are told and the published file stays as it was.

    ``is_tried_again``: whether a night that ended with an error is begun once more by whoever called; then nobody is told.
    """
    try:
        with (
            keeping_out_others(),
            watching_beginning(installation.home, is_from_scratch=from_scratch),
            nullcontext() if from_scratch else marking_failure(installation.home.root),
        ):
            return _night_beside_others(installation, from_scratch, on_done)
    except AlreadyRunning:
        raise  # the other night is well
    except Exception as error:
        if not is_tried_again(error):
            _tell_failure(installation, error)
        raise


def _night_beside_others(installation: Installation, from_scratch: bool, on_done: OnDone | None) -> Report:
    """A night; when another program opens the warehouse for writing meanwhile, it is begun again, on a file of its own."""
    for _ in range(_BEGUN_AGAIN):
        try:
            return _night(installation, from_scratch, on_done)
        except WarehouseOccupied:
            continue
    return _night(installation, from_scratch, on_done)


def _tell_failure(installation: Installation, error: Exception) -> None:
    """Tell the administrators; where that fails too, it must not hide why the night broke off."""
    try:
        sending.tell_failure(installation, error)
    except Exception:  # noqa: BLE001 - a catalogue that cannot be read, say: whatever it is, it is the second fault
        note_error(installation.home.root, traceback.format_exc())


def _night(installation: Installation, from_scratch: bool, on_done: OnDone | None) -> Report:
    """The order of a night."""
    with open_night(installation, from_scratch=from_scratch) as night, watching(night):
        for source in list_sources(night):
            named(fetch, source.label)(night, source)
        new_count = receive(night)
        tell_log(f"收到 {new_count} 个新文件，{len(night.record.left)} 个留在收件箱")
        if night.has_work():
            with (
                open_parts(night.installation.settings, new_count) as parts,
                publication.open_build(night) as build,
            ):
                fill_build(night, build, parts, on_done)
                publish(night, build)
            night.forget_unread_parts()
            tell_log("数据仓库已更新")
        note_unnamed(night)
        with kept_open():
            return _tell_everybody(night, from_scratch)


def _tell_everybody(night: Night, from_scratch: bool) -> Report:
    """What comes after publishing: answers, pages, digest, messages; of a rebuild only what readers look at."""
    report = outgoing.collect_report(night)
    if from_scratch:
        keep_revised(night.home.root, night.record.revised)
        report.troubles += _publish_for_readers(night)
        return report
    answer(night, report)
    if night.installation.settings.outbox:
        report.troubles += copy_outbox(night, report)
    publish_pages(night)
    clear_out(night)
    report.troubles += _publish_for_readers(night)
    news = outgoing.find_news(night, report)
    publish_digest(night, news)
    _send_all(night, report, news)
    outgoing.finish(night, report, news)
    if night.installation.settings.backup:
        back_up(night)
    mark_end(night)
    publish_artifacts(night, report, news)
    return report


def _publish_for_readers(night: Night) -> list[str]:
    """Papers, pages and the lake; what went wrong with them, in sentences."""
    troubles = [*publish_papers(night), *publish_site(night)]
    return [*troubles, *publish_lake(night)] if night.installation.settings.publish else troubles


def fill_build(night: Night, build: NightBuild, parts: Parts, on_done: OnDone | None) -> None:
    """What is pending, batch by batch, into the file being built; then the sums and indicators of all that stands.

    What the file does not tell of numbers that were computed before is computed again too, between the batches.
    """
    vintages = night.list_vintages(is_known=build.remembers)
    for received in night.list_batches():
        while vintages and vintages[0].seq < received[0].seq:
            compute_again(night, build, vintages.pop(0))
        _take_in(night, received, build, parts, on_done)
    for vintage in vintages:
        compute_again(night, build, vintage)
    compute(night, build)


def _send_all(night: Night, report: Report, news: News | None) -> None:
    """Every answer and message; one that is not taken after several tries waits for the next night."""
    outlets, waits = sending.open_outlets(night.installation), night.installation.settings.retry_seconds
    for parcel in sending.list_parcels(night, report, news):
        try:
            named(retried(send, waits), parcel.label)(night, parcel, outlets)
        except ChannelDown as error:
            sending.note_undelivered(night, report, parcel, outlets, error)
    sending.tell_undelivered(night, report, outlets)


def _take_in(
    night: Night, received: list[Entry], build: NightBuild, parts: Parts, on_done: OnDone | None
) -> None:
    """One batch, from its bytes to the file being built, in partitions that run wherever ``parts`` says."""
    watched = parts.telling(
        on_done or show_progress(len(received)), show_progress(len(received), "checking", "审核")
    )
    batch = named(read, f"{len(received)} files")(night, received, watched)
    about = describe_units(batch.submissions, night.catalogue.unit_names())
    start_gate(night)
    batch = named(judge, about)(night, batch, build, watched)
    batch = named(decide, about)(night, batch, build)
    named(load, about)(night, batch, build)
    tell_log(f"已审核入库：{about}")
