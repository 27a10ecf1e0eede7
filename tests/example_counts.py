"""How many examples a law is tried on: the profile says (tests/conftest.py), and dear laws ask for fewer than others."""

from __future__ import annotations

from hypothesis import settings

CI_EXAMPLES = 100
_FEWEST = 3


def examples(count: int) -> int:
    """``count`` where a law is tried on CI_EXAMPLES, else in proportion to what the profile tries a law on."""
    return max(_FEWEST, count * settings().max_examples // CI_EXAMPLES)
