"""What the reading wall says of a file that ended its reader."""

from __future__ import annotations

from flows.wall.wall import Death


def death(result: object) -> Death:
    """``result``, which is a Death, and says so in one sentence."""
    assert isinstance(result, Death)
    assert result.sentence.endswith("。")
    assert result.sentence.count("。") == 1
    return result
