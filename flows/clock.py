"""The time zone in which the association dates what it does, and how people read a moment."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

TIME_ZONE = ZoneInfo("Asia/Shanghai")


def moment_words(iso: str) -> str:
    """``2025年01月12日 02:03`` of an ISO time, in its own offset."""
    return f"{datetime.fromisoformat(iso):%Y年%m月%d日 %H:%M}"
