"""Days and moments as an office writes them, without leading zeros (2025年1月5日)."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

_BEIJING = timezone(timedelta(hours=8))


def day_words(day: date) -> str:
    """``2025年1月5日``."""
    return f"{day.year}年{day.month}月{day.day}日"


def moment_words(moment: datetime | str) -> str:
    """``2025年1月12日 02:03`` of a moment or an ISO time, in its own offset."""
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{day_words(at)} {at:%H:%M}"


def as_beijing(moment: datetime) -> datetime:
    """A moment as it stands in the warehouse: Beijing time without a zone. ValueError for one that has none."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return moment.astimezone(_BEIJING).replace(tzinfo=None)


def with_beijing(moment: datetime) -> datetime:
    """The moment that stands in the warehouse as ``moment``."""
    return moment.replace(tzinfo=_BEIJING)


def years_words(since: int | None, until: int | None) -> str:
    """The report years from ``since`` to ``until``: 2025年度起, 至2024年度, 2021—2024年度; '' for all."""
    if since is None:
        return "" if until is None else f"至{until}年度"
    return f"{since}年度起" if until is None else f"{since}—{until}年度"
