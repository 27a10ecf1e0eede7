"""What is found of an installation's health."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Health:
    """What there is, and what is wrong: Chinese sentences. ``hints`` need nobody's help."""

    facts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
