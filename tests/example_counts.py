"""How many examples a law is tried on: the profile says (tests/conftest.py), and dear laws ask for fewer than others."""

from __future__ import annotations

from hypothesis import settings

CI_EXAMPLES = 100
_FEWEST = 3


def examples(count: int) -> int:
    """``count`` under the profile ci; under another in the proportion of the examples that it tries a law on."""
    return max(_FEWEST, count * settings().max_examples // CI_EXAMPLES)
