"""The time zone in which the association dates what it does."""

from __future__ import annotations

from zoneinfo import ZoneInfo

TIME_ZONE = ZoneInfo("Asia/Shanghai")
