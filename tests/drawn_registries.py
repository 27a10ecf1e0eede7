"""Registries in which villages and townships are split, merged, moved, ended and opened again, year after year."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.measure_rows import CITY, EAST, WEST, lanhe, with_registry
from warehouse.catalogue.load import Catalogue

FIRST_YEAR, LAST_YEAR = 2021, 2023
TOWNSHIPS = {f"{EAST}001": EAST, f"{EAST}002": EAST, f"{WEST}001": WEST}
CHANGES = ("stays", "stays", "ends", "merges", "splits", "is divided", "moves", "opens again")


@dataclass
class _Drawn:
    """The registry so far: rows of org_units and succession, and the villages valid in the last year, with township."""

    units: list[tuple[str, str, str | None, int | None, int | None]] = field(default_factory=list)
    succession: list[tuple[str, str, int, float]] = field(default_factory=list)
    open_since: dict[str, int | None] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    count: int = 0

    def open(self, township: str, year: int | None) -> str:
        self.count += 1
        code = f"{township}{self.count:03}"
        self.open_since[code] = year
        return code

    def close(self, code: str, year: int) -> None:
        """``code`` is valid for the last time in the year before ``year``."""
        self.units.append((code, "village", code[:9], self.open_since.pop(code), year - 1))
        self.ended.append(code)


@st.composite
def registries(draw: st.DrawFn) -> Catalogue:
    """The small city's catalogue with a registry of three years, each with changes of its own."""
    drawn = _Drawn()
    townships = dict(TOWNSHIPS)
    since: dict[str, int | None] = dict.fromkeys(townships)
    for township in townships:
        for _ in range(2):
            drawn.open(township, None)
    for year in range(FIRST_YEAR + 1, LAST_YEAR + 1):
        if year == LAST_YEAR and draw(st.booleans()):
            _merge_townships(drawn, townships, since, year)
        again = drawn.ended.copy()
        stays = draw(st.sampled_from(sorted(drawn.open_since)))
        for code in sorted(drawn.open_since):
            if code != stays:
                _change(draw, drawn, code, stays, again, sorted(townships), year)
    closed = drawn.units
    villages = [(code, "village", code[:9], opened, None) for code, opened in drawn.open_since.items()]
    above = [(CITY, "city", None, None, None), *((c, "county", CITY, None, None) for c in (EAST, WEST))]
    open_townships = [(code, "township", county, since[code], None) for code, county in townships.items()]
    return with_registry(lanhe(), [*above, *open_townships, *villages, *closed], drawn.succession)


def _change(
    draw: st.DrawFn,
    drawn: _Drawn,
    code: str,
    stays: str,
    again: list[str],
    townships: list[str],
    year: int,
) -> None:
    share = draw(st.sampled_from([0.1, 0.25, 0.4, 0.5, 0.75]))
    to = draw(st.sampled_from(townships))
    match draw(st.sampled_from(CHANGES)):
        case "ends":
            drawn.close(code, year)
        case "merges":
            drawn.close(code, year)
            drawn.succession.append((code, stays, year, 1.0))
        case "splits":
            drawn.succession.append((code, drawn.open(to, year), year, share))
        case "is divided":
            drawn.close(code, year)
            drawn.succession += [(code, drawn.open(to, year), year, share), (code, stays, year, 1 - share)]
        case "moves":
            drawn.close(code, year)
            drawn.succession.append((code, drawn.open(to, year), year, 1.0))
        case "opens again" if again and again[0][:9] in townships:
            drawn.open_since[again.pop(0)] = year


def _merge_townships(
    drawn: _Drawn, townships: dict[str, str], since: dict[str, int | None], year: int
) -> None:
    """The second township goes into the first; its villages end without heirs of their own."""
    kept, gone, *_ = sorted(townships)
    if all(code[:9] == gone for code in drawn.open_since):
        return
    for code in [c for c in sorted(drawn.open_since) if c[:9] == gone]:
        drawn.close(code, year)
    drawn.units.append((gone, "township", townships.pop(gone), since[gone], year - 1))
    drawn.succession.append((gone, kept, year, 1.0))
