"""What a person is told tonight: what is new or settled, once; nothing where nothing changed; again after a week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.clock import TIME_ZONE
from flows.telling.matters import MATTER
from flows.telling.news import Told, find_news, find_overdue, remember
from flows.telling.told import is_news_of_failures, keep_told, read_told
from warehouse.catalogue.frames import empty, shaped

AT = datetime(2026, 12, 1, 2, 0, tzinfo=TIME_ZONE)
NIGHT = timedelta(days=1)


def matters(*ids: str) -> pl.DataFrame:
    """A question for each id; ``a2`` is another matter of the subject ``a``."""
    rows = [
        {"matter": i, "subject": i[0], "who": f"县{i}", "topic": "不符合", "severity": "warning"} for i in ids
    ]
    return pl.DataFrame(rows, schema_overrides=MATTER).pipe(shaped, MATTER) if rows else empty(MATTER)


def told_of(*ids: str, nights_ago: int = 1) -> Told:
    at = AT - nights_ago * NIGHT
    news = find_news(None, matters(*ids), ("先前",), {}, at)
    assert news is not None
    return remember(None, news, at)


def known(ids: tuple[str, ...], nights_ago: int) -> Told | None:
    return told_of(*ids, nights_ago=nights_ago) if nights_ago else None


@pytest.mark.parametrize(
    ("told", "nights_ago", "open_now", "event", "acknowledged", "expected"),
    [
        # never told anything
        ((), 0, (), False, {}, None),
        ((), 0, ("a",), False, {}, ("a", "", "")),
        ((), 0, (), True, {}, ("", "", "")),
        # what is open is what was told
        (("a",), 1, ("a",), False, {}, None),
        (("a",), 1, ("a",), True, {}, ("", "a", "")),
        (("a",), 6, ("a",), False, {}, None),
        (("a",), 7, ("a",), False, {}, ("", "a", "")),
        # something new, with and without what was told
        (("a",), 1, ("a", "b"), False, {}, ("b", "a", "")),
        (("a",), 1, ("b",), False, {}, ("b", "", "a")),
        # something settled
        (("a", "b"), 1, ("a",), False, {}, ("", "a", "b")),
        (("a",), 1, (), False, {}, ("", "", "a")),
        ((), 1, (), False, {}, None),
        # another matter of the same subject takes its place: new, and nothing is settled
        (("a",), 1, ("a2",), False, {}, ("a2", "", "")),
        # nothing was open for a week: all is well
        ((), 6, (), False, {}, None),
        ((), 7, (), False, {}, ("", "", "")),
        # acknowledged for good: never told, counted where something else is told, told when it is settled
        ((), 0, ("a",), False, {"a": None}, None),
        ((), 1, ("a", "b"), False, {"a": None}, ("b", "a", "")),
        (("a",), 7, ("a",), False, {"a": None}, None),
        (("a",), 1, (), False, {"a": None}, ("", "", "a")),
        # acknowledged until a day: quiet before it, told as new on it, and once
        (("a",), 1, ("a",), False, {"a": AT.date() + NIGHT}, None),
        (("a",), 1, ("a",), False, {"a": AT.date()}, ("a", "", "")),
        (("a",), 1, ("a",), False, {"a": AT.date() - NIGHT}, None),
        ((), 0, ("a",), False, {"a": AT.date() + NIGHT}, None),
        ((), 1, ("a",), False, {"a": AT.date() - NIGHT}, ("a", "", "")),
    ],
)
def test_what_is_told(
    told: tuple[str, ...],
    nights_ago: int,
    open_now: tuple[str, ...],
    event: bool,
    acknowledged: Mapping[str, date | None],
    expected: tuple[str, str, str] | None,
) -> None:
    events = ("收到 1 份。",) if event else ()
    news = find_news(known(told, nights_ago), matters(*open_now), events, acknowledged, AT)
    found = None
    if news is not None:
        solved = {k.subject for k in news.solved}
        found = ("".join(news.new["matter"]), "".join(news.kept["matter"]), "".join(sorted(solved)))
    assert found == expected


def test_all_is_well_is_said_only_when_nothing_is_open() -> None:
    quiet = find_news(told_of(nights_ago=7), matters(), (), {}, AT)
    assert quiet is not None
    assert quiet.is_all_well
    reminder = find_news(told_of("a", nights_ago=7), matters("a"), (), {}, AT)
    assert reminder is not None
    assert not reminder.is_all_well


@pytest.mark.parametrize(
    ("later", "is_told"),
    [
        (7 * NIGHT - timedelta(seconds=3), True),
        (7 * NIGHT - timedelta(hours=3), False),
        (-timedelta(seconds=3), False),
        (-300 * NIGHT, True),
    ],
    ids=[
        "a week later, a moment earlier",
        "on the sixth day",
        "the clock was put right",
        "the clock was far ahead",
    ],
)
def test_what_is_open_is_told_again_when_a_week_has_passed_by_the_calendar(
    later: timedelta, is_told: bool
) -> None:
    told = told_of("a", nights_ago=0)
    assert (find_news(told, matters("a"), (), {}, AT + later) is not None) is is_told


@given(st.lists(st.sets(st.sampled_from("abcd")), min_size=1, max_size=6))
def test_night_after_night_everything_is_told_once_and_settled_once(nights: list[set[str]]) -> None:
    told: Told | None = None
    said: list[str] = []
    for number, open_now in enumerate(nights):
        at = AT + number * NIGHT / 10  # no week passes
        news = find_news(told, matters(*sorted(open_now)), (), {}, at)
        if news is not None:
            said += [f"+{m}" for m in news.new["matter"]] + [f"-{k.subject}" for k in news.solved]
            told = remember(told, news, at)
        again = find_news(told, matters(*sorted(open_now)), (), {}, at)
        assert again is None
    for letter in "abcd":
        turns = [word[0] for word in said if word[1] == letter]
        assert turns == ["+", "-"] * (len(turns) // 2) + ["+"] * (len(turns) % 2)
        assert (turns[-1:] == ["+"]) == (letter in nights[-1])


def test_what_is_left_undone_is_passed_on_after_so_many_nights_and_once() -> None:
    told = told_of("a", nights_ago=5)
    assert find_overdue(told, matters("a"), 6, {}, AT.date()).is_empty()
    passed_on = find_overdue(told, matters("a"), 5, {}, AT.date())
    assert passed_on["what"].str.starts_with("已通知5天仍未处理").all()
    first = find_news(None, passed_on, (), {}, AT)
    assert first is not None
    assert first.new.height == 1
    later = find_overdue(told, matters("a"), 5, {}, (AT + NIGHT).date())
    assert find_news(remember(None, first, AT), later, (), {}, AT + NIGHT) is None


def test_what_is_acknowledged_or_settled_is_not_passed_on() -> None:
    told = told_of("a", nights_ago=9)
    assert find_overdue(told, matters("a"), 5, {"a": None}, AT.date()).is_empty()
    assert find_overdue(told, matters("b"), 5, {}, AT.date()).is_empty()
    assert find_overdue(None, matters("a"), 5, {}, AT.date()).is_empty()


def test_since_when_a_matter_is_known_survives_later_messages(tmp_path: Path) -> None:
    told = told_of("a", nights_ago=3)
    news = find_news(told, matters("a", "b"), (), {}, AT)
    assert news is not None
    keep_told(tmp_path / "told", "li", "mail", remember(told, news, AT))
    kept = read_told(tmp_path / "told", "li", "mail")
    assert kept is not None
    assert {m: k.since for m, k in kept.matters.items()} == {
        "a": AT.date() - 3 * NIGHT,
        "b": AT.date(),
    }
    assert kept.at == AT


@pytest.mark.parametrize("content", ["", "{", "[]", '{"at": "soon", "matters": {}}', "\x00"])
def test_a_damaged_note_of_what_was_told_means_that_all_is_told_again(tmp_path: Path, content: str) -> None:
    (tmp_path / "li.mail.json").write_text(content, encoding="utf-8")
    assert read_told(tmp_path, "li", "mail") is None


def test_what_could_not_be_sent_is_told_when_it_is_something_else_and_once_a_week(tmp_path: Path) -> None:
    nights = [["甲"], ["甲"], ["甲", "乙"], ["甲", "乙"], [], [], ["甲"]] + [["甲"]] * 7
    told_on = [
        number
        for number, sentences in enumerate(nights)
        if is_news_of_failures(tmp_path, sentences, AT + number * NIGHT) and sentences
    ]
    assert told_on == [0, 2, 6, 13]
