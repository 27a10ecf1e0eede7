"""The index for searching all pages: pairs of neighbouring characters, as a script that assigns one name."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from expectations.rulebook.rule_document import list_sections
from flows.site.definition_pages import clip, list_definitions, name_anchor
from flows.site.edition import Edition, county_file, programme_file
from flows.site.parts.charts import as_script_text

GLOBAL = "nianbaoSearch"
"""The one name that the script assigns."""
_RUN = re.compile(r"[0-9a-z_.\u3400-\u9fff]+")
_KINDS = {
    "form": "报表",
    "indicator": "指标",
    "field": "字段",
    "measure": "计量",
    "table": "表",
    "view": "视图",
    "macro": "查询函数",
}
_LONGEST = 60


@dataclass(frozen=True)
class Entry:
    """Something that can be found: what it is called, its code or id, what kind it is, where it stands, words about it."""

    title: str
    code: str
    kind: str
    address: str
    about: str = ""
    words: str = ""  # found by these as well, without being shown


def render_index(edition: Edition) -> bytes:
    """The script."""
    return f"globalThis.{GLOBAL} = {as_script_text(build_index(list_entries(edition)))};\n".encode()


def build_index(entries: Iterable[Entry]) -> dict[str, Any]:
    """``entries``: title, code, kind, address, about of each; ``pairs``: two characters -> the entries that have them.

    Each is told by its distance from the one before, which takes a third less room.
    """
    shown, pairs = [], defaultdict(list)
    for number, entry in enumerate(entries):
        shown.append([entry.title, entry.code, entry.kind, entry.address, clip(entry.about, _LONGEST)])
        for pair in sorted(cut_pairs(" ".join((entry.title, entry.code, entry.about, entry.words)))):
            pairs[pair].append(number)
    return {"entries": shown, "pairs": {pair: _tell_steps(found) for pair, found in sorted(pairs.items())}}


def _tell_steps(numbers: list[int]) -> list[int]:
    return [number - before for before, number in zip([0, *numbers], numbers, strict=False)]


def cut_pairs(text: str) -> set[str]:
    """The pairs of neighbouring characters in each run of letters, digits and Chinese characters; one that stands alone, too."""
    runs = _RUN.findall(unicodedata.normalize("NFKC", text).lower())
    return {run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))}


def list_entries(edition: Edition) -> list[Entry]:
    """Everything that can be found: programmes, counties, townships, indicators and other definitions, rules."""
    return [
        *_list_programmes(edition),
        *_list_units(edition),
        *_list_dictionary(edition),
        *_list_rules(edition),
    ]


def _list_programmes(edition: Edition) -> Iterable[Entry]:
    for name in edition.programmes:
        programme = edition.catalogue.programmes[name]
        yield Entry(programme.name_zh, programme.id, "工作项目", programme_file(programme.id))


def _list_units(edition: Edition) -> Iterable[Entry]:
    for code in edition.counties:
        yield Entry(edition.name_of(code), code, "县(市、区)", county_file(code))
    for code in edition.anchored_townships:
        unit = edition.townships.units[code]
        county = edition.name_of(unit["parent_code"])
        yield Entry(
            unit["org_name"], code, "乡镇(街道)", f"{county_file(unit['parent_code'])}#unit-{code}", county
        )


def _list_dictionary(edition: Edition) -> Iterable[Entry]:
    figures = {
        name: programme
        for programme, told in edition.catalogue.bulletin.programmes.items()
        for name in told.figures
    }
    for row in list_definitions(edition.dictionary):
        if row["kind"] not in _KINDS:
            continue
        programme = edition.catalogue.programmes.get(row["programme"] or "")
        told_by = figures.get(row["name"]) if row["kind"] == "indicator" and edition.year else None
        address = f"dictionary.html#{name_anchor(row)}"
        yield Entry(
            row["name_zh"],
            row["name"],
            _KINDS[row["kind"]],
            f"{programme_file(told_by)}#figure-{row['name']}" if told_by else address,
            row["meaning"] or "",
            " ".join(filter(None, (programme.name_zh if programme else "", row["form_number"]))),
        )


def _list_rules(edition: Edition) -> Iterable[Entry]:
    told = {
        rule.id: rule for _, rules in list_sections(edition.rulebook, edition.catalogue) for rule in rules
    }
    for rule in told.values():
        yield Entry(rule.meaning, rule.id, "审核关系", f"rules.html#rule-{rule.id}", rule.why)
