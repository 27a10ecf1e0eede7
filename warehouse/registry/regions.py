"""Regions: reporting units whose numbers meet nowhere below the city, and the part of a registry that some of them need.

Two counties are of one region when a unit went from one to the other, by succession or by another parent: what the one said
last year is then compared with what the other says now. All others can be judged apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

from warehouse.registry.registry import Registry

HOME = {
    "org_code": pl.String,
    "county_code": pl.String,
}
"""The counties that an org unit has belonged to in any year, itself if it is one; the city has none."""


def list_homes(registry: Registry) -> pl.DataFrame:
    """HOME of every unit of a registry, in no order."""
    units = registry.all_units.select("org_code", "level", "parent_code")
    found = units.filter(level="county").select("org_code", county_code="org_code").unique()
    homes = [found]
    for level in ("township", "village"):
        below = units.filter(level=level).select("org_code", "parent_code")
        found = below.join(found.rename({"org_code": "parent_code"}), on="parent_code")
        found = found.select("org_code", "county_code").unique()
        homes.append(found)
    return pl.concat(homes)


class Regions:
    """The regions of a registry. A region is named by the first of its counties; the city is one of its own."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._homes = list_homes(registry)
        self._region_of = _join_counties(registry, self._homes)

    def find_region(self, unit_code: str) -> str:
        """The region of a reporting unit."""
        return self._region_of.get(unit_code, unit_code)

    def list_units(self, unit_codes: Iterable[str]) -> list[str]:
        """All reporting units of the regions of ``unit_codes``, in order."""
        asked = {self.find_region(code) for code in unit_codes}
        others = (code for code, region in self._region_of.items() if region in asked)
        return sorted({*asked, *others, *unit_codes})

    def select(self, unit_codes: Iterable[str], org_codes: Collection[str] = ()) -> Registry:
        """The registry of the city with the regions of ``unit_codes`` alone, and with the counties of ``org_codes``.

        Of these units it gives the same answers; of others none.
        """
        named = self._homes.join(
            pl.DataFrame({"org_code": sorted(org_codes)}, schema={"org_code": pl.String}),
            on="org_code",
            how="semi",
        )
        counties = sorted({*self.list_units(unit_codes), *named["county_code"]})
        mine = self._homes.filter(pl.col("county_code").is_in(counties)).select("org_code")
        units = self._registry.all_units
        is_top = pl.col("level") == "city"
        kept = pl.concat(
            [
                units.filter(is_top),
                units.remove(is_top).join(mine, on="org_code", how="semi", maintain_order="left"),
            ]
        )
        succession = self._registry.succession
        ours = pl.concat([mine, units.filter(is_top).select("org_code")])["org_code"].implode()
        is_ours = pl.col("old_code").is_in(ours) | pl.col("new_code").is_in(ours)
        return Registry(kept, succession.filter(is_ours), self._registry.is_asked)


def _join_counties(registry: Registry, homes: pl.DataFrame) -> dict[str, str]:
    """County -> region, of the counties that are not alone."""
    old, new = (
        registry.succession.select("old_code", "new_code").join(
            homes.rename({"org_code": side, "county_code": f"{side}_county"}), on=side
        )
        for side in ("old_code", "new_code")
    )
    handed = old.join(new, on=["old_code", "new_code"]).select(one="old_code_county", other="new_code_county")
    # What a county that ended leaves to nobody goes to the city.
    ended = registry.all_units.filter(pl.col("level") == "county", pl.col("valid_to").is_not_null())
    city = registry.all_units.filter(level="city").select(other="org_code").unique()
    left = ended.select(one="org_code").join(city, how="cross")
    moved = homes.filter(pl.col("org_code").is_duplicated())
    pairs = moved.join(moved, on="org_code", suffix="_other").select(
        one="county_code", other="county_code_other"
    )
    region: dict[str, str] = {}

    def find(code: str) -> str:
        while region.get(code, code) != code:
            code = region[code]
        return code

    for one, other in (
        pl.concat([handed, left, pairs])
        .filter(pl.col("one") != pl.col("other"))
        .unique()
        .sort("one", "other")
        .iter_rows()
    ):
        first, last = sorted((find(one), find(other)))
        region[first] = first
        region[last] = first
    return {code: find(code) for code in region}
