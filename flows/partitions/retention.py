"""How long partitions stay in the place of work: until no night has read them for some days.

A later night reads them where a batch is judged once more: after one that was cut off, for a rebuild, for rules that changed.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date, timedelta

from flows.partitions.work import WorkPlace

_LAST_READ = "last_read.json"


def forget_unread(place: WorkPlace, read: Collection[str], today: date, keep_days: int) -> int:
    """Note that ``read`` (keys) were read today, and remove what was not for ``keep_days``; how many partitions went.

    What a night left that was cut off counts from the first time that it is seen here. DestinationFailed.
    """
    known = _read_dates(place)
    dates = {key: today if key in read else known.get(key, today) for key in place.list_keys()}
    old = {key for key, day in dates.items() if day < today - timedelta(days=keep_days)}
    for key in old:
        place.remove(key)
    kept = {key: day.isoformat() for key, day in sorted(dates.items()) if key not in old}
    place.write(_LAST_READ, json.dumps(kept, indent=0).encode())
    return len(old)


def _read_dates(place: WorkPlace) -> dict[str, date]:
    said = place.read(_LAST_READ)
    try:
        return {key: date.fromisoformat(day) for key, day in json.loads(said or b"{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}
