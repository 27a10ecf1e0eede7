"""Groups findings by cause: one line for a rule and a column, with the range and count of its cells.

Receipts, the digest and ``check`` list these lines, in the order of the forms and of their rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations.rulebook.rulebook import SEVERITIES, RuleBook, state_demand
from warehouse.catalogue.frames import Findings, Notes, Schema, form_position
from warehouse.catalogue.load import Catalogue
from warehouse.words import labels
from warehouse.words.filled_sentences import fill_plainly

CAUSE: Schema = {
    "submission": pl.String,
    "severity": pl.String,
    "form": pl.String,
    "rule": pl.String,
    "place": pl.String,  # 年1表 D10:D403（是否成立计生协）; 整个工作簿 without a sheet
    "count": pl.UInt32,
    "message": pl.String,
    "fix": pl.String,
    "status": pl.String,  # as in the findings; "" where they have none
}
"""One line of findings with one cause."""

FEW = 3
"""Up to so many findings of one cause are listed one by one, each with its own numbers."""

_ROW_PREFIX = r"^第\d+行[ ：]?"
_RANGES = 3  # how many stretches of a column are listed
_WHOLE_WORKBOOK = "整个工作簿"
_CAUSE = ("submission", "rank", "severity", "form", "sheet", "rule", "field", "status")


def group_by_cause(findings: Findings, catalogue: Catalogue, rulebook: RuleBook) -> pl.DataFrame:
    """CAUSE of ``findings`` (FINDING, optionally with ``status``), by severity, form and position.

    Up to FEW findings of one cause have a line each; a line of more states their count and quotes the first.
    """
    if findings.is_empty():
        return pl.DataFrame(schema=CAUSE)
    ranks = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    ranked = findings.with_columns(
        status=pl.col("status") if "status" in findings.columns else pl.lit(""),
        rank=pl.col("severity").replace_strict(ranks, return_dtype=pl.Int64),
        message=_add_what_is_likely(),
    )
    lines = merge_into_ranges(ranked, _CAUSE, ("org_name", "message", "fix"), few=FEW)
    ordered = lines.sort(
        "submission",
        "rank",
        form_position(catalogue.forms),
        "row",
        *_column_order(),
        nulls_last=False,
        maintain_order=True,
    )
    return ordered.with_columns(
        place=_say_where(ordered, catalogue), message=_write_sentences(ordered, catalogue, rulebook)
    ).select(CAUSE.keys())


def list_cells(findings: Findings, catalogue: Catalogue) -> pl.Series:
    """The position of each of ``findings``: ``年1表 N12（椒园社区居民委员会 个人会员数）``."""
    return _say_where(findings.with_columns(range="cell", count=pl.lit(1)), catalogue)


def drop_row() -> pl.Expr:
    """The column ``message`` without the row at its beginning: it stands beside :func:`list_cells`, which names it."""
    return pl.col("message").str.replace(_ROW_PREFIX, "")


_GROUPED_NOTE = {
    "submission": pl.String,
    "place": pl.String,
    "count": pl.Int64,
    "raw": pl.String,
    "value": pl.String,
}


def group_notes_by_cause(notes: Notes, catalogue: Catalogue) -> pl.DataFrame:
    """NOTE grouped in the same way: submission, place, count, raw and value of the first.

    ``value`` also states what was left out or computed, where that cannot be seen.
    """
    if notes.is_empty():  # of thousands of refused files
        return pl.DataFrame(schema=_GROUPED_NOTE)
    key = ("submission", "form", "sheet", "field", "fix")
    lines = merge_into_ranges(notes, key, ("raw", "value"), few=FEW).with_columns(
        org_name=pl.lit(None, pl.String)
    )
    ordered = lines.sort(
        "submission", form_position(catalogue.forms), "row", nulls_last=False, maintain_order=True
    )
    done = pl.element().replace_strict(labels.NORMALISATION, default=None, return_dtype=pl.String)
    said = pl.col("fix").str.split("+").list.eval(done).list.drop_nulls().list.join("，")
    value = pl.when(said != "").then(pl.format("{}（{}）", "value", said)).otherwise("value")
    return ordered.with_columns(place=_say_where(ordered, catalogue), value=value).select(
        "submission", "place", "count", "raw", "value"
    )


def merge_into_ranges(cells: pl.DataFrame, key: Sequence[str], kept: Sequence[str], few: int) -> pl.DataFrame:
    """One line for each ``key`` with more than ``few`` rows of ``cells``, and one for each row of the other keys.

    ``cells`` has ``cell`` (A1 address or null). Columns: ``key``, ``kept`` (of the first row), row, count, and range:
    ``D10:D25、D30``, the first stretches only.
    """
    sized = cells.with_columns(
        column=pl.col("cell").str.extract(r"^([A-Z]+)"),
        row=pl.col("cell").str.extract(r"(\d+)$").cast(pl.Int64),
    ).sort(*key, "row", nulls_last=False, maintain_order=True)
    size = pl.len().over(key)
    alone = sized.filter(size <= few).select(
        *key, *kept, "row", count=pl.lit(1, pl.UInt32), range=pl.col("cell")
    )
    many = sized.filter(size > few).with_columns(
        run=(pl.col("row").diff().fill_null(1) > 1).cum_sum().over(key)
    )
    stretches = many.group_by(*key, "run", maintain_order=True).agg(
        pl.col("column").first(), first=pl.col("row").min(), last=pl.col("row").max()
    )
    until = (
        pl.when(pl.col("last") > pl.col("first"))
        .then(pl.format(":{}{}", "column", "last"))
        .otherwise(pl.lit(""))
    )
    named = stretches.with_columns(text=pl.format("{}{}", "column", "first") + until)
    ranges = named.group_by(key, maintain_order=True).agg(
        pl.col("text").head(_RANGES).str.join("、")
        + pl.when(pl.len() > _RANGES).then(pl.lit(" 等处")).otherwise(pl.lit(""))
    )
    lines = many.group_by(key, maintain_order=True).agg(
        *(pl.col(name).first() for name in (*kept, "row")), pl.len().cast(pl.UInt32).alias("count")
    )
    joined = lines.join(
        ranges.rename({"text": "range"}), on=key, how="left", nulls_equal=True, maintain_order="left"
    )
    return pl.concat([alone, joined.select(alone.columns)])


def _column_order() -> tuple[pl.Expr, pl.Expr]:
    """Sort keys for columns in the order of the sheet: Z before AA."""
    letters = pl.col("range").str.extract(r"^([A-Z]+)")
    return letters.str.len_chars(), letters


def _add_what_is_likely() -> pl.Expr:
    """The message without its row, with the suggestion and the likely cells appended."""
    message, suggestion = drop_row(), pl.col("suggestion").fill_null("")
    is_said = message.str.contains(suggestion, literal=True)
    asked = pl.when(is_said).then(pl.lit("")).otherwise(pl.format("（是否为“{}”？）", suggestion))
    likely = pl.col("likely").fill_null("")
    return pl.concat_str(
        message, asked, pl.when(likely != "").then(pl.format("。{}", likely)).otherwise(likely)
    )


def _write_sentences(lines: pl.DataFrame, catalogue: Catalogue, rulebook: RuleBook) -> pl.Series:
    """The message of each line: of a line of many the rule's ``many``, else what it demands, and the first case."""
    sentences = []
    for row in lines.select("rule", "form", "field", "count", "message").iter_rows(named=True):
        rule, label = rulebook.rules[row["rule"]], _find_label(catalogue, row["form"], row["field"])
        if row["count"] == 1:
            sentences.append(row["message"])
        elif rule.many:
            known = {"label": label, "count": str(row["count"]), "first": row["message"]}
            sentences.append(fill_plainly(rule.many, known))
        else:
            words = state_demand(rule, catalogue, row["form"]) if rule.scope == "row" else rule.words
            about = f"“{label}”" if label else ""
            sentences.append(f"{about}{row['count']}处不符合“{words.rstrip('。')}”，如{row['message']}")
    return pl.Series(sentences, dtype=pl.String)


def _find_label(catalogue: Catalogue, form: str | None, field: str | None) -> str:
    """The label of a form's field or of a measure; '' for neither."""
    declared = catalogue.forms.get(form or "")
    found = next((f.label for f in declared.fields if f.id == field), "") if declared else ""
    measure = catalogue.measures.get(field or "")
    return found or (measure.label if measure else "")


def _say_where(lines: pl.DataFrame, catalogue: Catalogue) -> pl.Series:
    """The position of each line: number of the form (else name of the sheet), cell or range, unit and label."""
    numbers = {form.id: form.number for form in catalogue.forms.values()}
    positions = []
    for row in lines.select("form", "field", "sheet", "range", "org_name", "count").iter_rows(named=True):
        sheet, number = row["sheet"] or "", numbers.get(row["form"] or "", "")
        where = number if number and (not sheet or number in sheet) else sheet
        label = _find_label(catalogue, row["form"], row["field"])
        about = " ".join(filter(None, (row["org_name"] if row["count"] == 1 else "", label)))
        address = f"{where} {row['range'] or ''}".strip()
        positions.append((f"{address}（{about}）" if about and row["range"] else address) or _WHOLE_WORKBOOK)
    return pl.Series(positions, dtype=pl.String)
