"""The pages that say what things mean: dictionary, rule book, explanations that were accepted."""

from __future__ import annotations

from typing import Any

import polars as pl

from expectations.rulebook.rule_document import count_severities, list_sections
from flows.site.edition import Edition, render_page
from warehouse.catalogue.load import Catalogue
from warehouse.catalogue.models import Form
from warehouse.published.definitions import read_accepted_explanations
from warehouse.words import labels
from warehouse.words.day_words import moment_words, years_words

_SECTIONS = (
    ("programme", "工作项目"),
    ("form", "报表"),
    ("indicator", "指标"),
    ("field", "字段"),
    ("measure", "计量"),
    ("table", "数据仓库的表"),
    ("view", "数据仓库的视图"),
    ("macro", "数据仓库的查询函数"),
)
_LEVEL_WORDS = {str(level): word for level, word in labels.LEVEL_SHORT.items()}
_MOST_EXPLANATIONS = 300
_LONGEST = 200


def name_anchor(row: dict[str, Any]) -> str:
    """The place of a definition in the dictionary; a field's name is its own in its form alone."""
    return (
        f"{row['kind']}-{row['form']}-{row['name']}"
        if row["kind"] == "field"
        else f"{row['kind']}-{row['name']}"
    )


def render_dictionary(edition: Edition) -> bytes:
    """The dictionary."""
    rows = edition.dictionary.partition_by("kind", as_dict=True, maintain_order=True)
    return render_page(
        edition,
        "dictionary",
        "dictionary.html",
        "数据字典",
        sections=[
            {
                "id": kind,
                "title": title,
                "has_units": rows[(kind,)]["unit"].is_not_null().any(),
                "rows": [
                    _tell_definition(edition.catalogue, row) for row in rows[(kind,)].iter_rows(named=True)
                ],
            }
            for kind, title in _SECTIONS
            if (kind,) in rows
        ],
    )


def _tell_definition(catalogue: Catalogue, row: dict[str, Any]) -> dict[str, Any]:
    programme = catalogue.programmes.get(row["programme"] or "")
    levels = [_LEVEL_WORDS.get(level, level) for level in (row["levels"] or "").split(",") if level]
    facts = (
        ("公式", row["formula_zh"] if row["kind"] != "measure" else ""),
        ("取自", row["form_column"] or row["form_number"] if row["kind"] != "form" else ""),
        ("项目", programme.name_zh if programme and row["kind"] in ("indicator", "form") else ""),
        ("性质", labels.KIND.get(row["type"] or "") or labels.FIELD_TYPE.get(row["type"] or "")),
        ("层级", "、".join(levels)),
        ("年度", years_words(row["since"], row["until"])),
        ("口径变更", row["breaks"]),
        ("公布", "公布指标" if row["is_published"] else ""),
        ("保护类别", labels.DISCLOSURE[row["disclosure"]] if row["disclosure"] not in (None, "open") else ""),
    )
    return {
        "id": name_anchor(row),
        "name": row["name_zh"],
        "code": row["formula"] if row["kind"] == "macro" else row["name"],
        "number": row["form_number"] if row["kind"] == "form" else "",
        "unit": row["unit"] or "",
        "meaning": row["meaning"] or "",
        "facts": [(word, text) for word, text in facts if text],
    }


def render_rules(edition: Edition) -> bytes:
    """The rule book."""
    return render_page(
        edition,
        "rules",
        "rules.html",
        "审核关系",
        rule_count=len(edition.rulebook.rules),
        counts=count_severities(edition.rulebook),
        sections=list_sections(edition.rulebook, edition.catalogue),
    )


def render_explanations(edition: Edition) -> bytes:
    """The explanations that were accepted, the newest year first."""
    found = read_accepted_explanations(edition.database)
    return render_page(
        edition,
        "explanations",
        "explanations.html",
        "已认可说明",
        count=found.height,
        rows=[
            _tell_explanation(edition, row) for row in found.head(_MOST_EXPLANATIONS).iter_rows(named=True)
        ],
    )


def _tell_explanation(edition: Edition, row: dict[str, Any]) -> dict[str, Any]:
    form = edition.catalogue.forms.get(row["form"] or "")
    field = (
        next((f.label for f in form.fields if f.id == row["field"]), row["field"]) if form else row["field"]
    )
    return {
        "year": row["year"],
        "unit_name": row["unit_name"] or row["unit_code"],
        "place": " ".join(filter(None, (row["org_name"], row["item"], field))),
        "rule": row["rule"],
        "meaning": row["meaning"] or "",
        "operands": _name_operands(edition.catalogue, form, row["operands"] or ""),
        "text": clip(row["text"], _LONGEST),
        "reason": clip(row["reason"] or "", _LONGEST),
        "decided_at": moment_words(row["decided_at"]) if row["decided_at"] else "",
    }


def _name_operands(catalogue: Catalogue, form: Form | None, operands: str) -> str:
    """``member_count=0;has_association=“是”`` with the labels of fields and measures in the place of their names."""
    known = {measure.id: measure.label for measure in catalogue.measures.values()}
    known |= {field.id: field.label for field in form.fields} if form else {}
    parts = [part.partition("=") for part in operands.split(";") if part]
    return "，".join(f"{known.get(name, name)}{value}" if is_pair else name for name, is_pair, value in parts)


def clip(text: str, longest: int) -> str:
    """The beginning of a long text."""
    return text if len(text) <= longest else f"{text[:longest]}……"


def list_definitions(dictionary: pl.DataFrame) -> list[dict[str, Any]]:
    """The definitions that stand on the page."""
    return dictionary.filter(pl.col("kind").is_in([kind for kind, _ in _SECTIONS])).to_dicts()
