"""What there is to be told: every open question, report that is missing or put back, and file left over, as one frame.

A matter has an id that stays the same from night to night for as long as it is open; what is new and what is settled is
found by comparing ids (flows.telling.news).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl

from expectations.rulebook.rulebook import RuleBook, state_demand
from expectations.verdicts.causes import list_cells
from warehouse.catalogue.frames import Schema, empty, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.words import labels
from warehouse.words.day_words import day_words

MATTER: Schema = {
    "matter": pl.String,  # key
    "subject": pl.String,  # what it is about: another matter of the same subject takes its place, it is not settled
    "unit_code": pl.String,  # null: nobody's, or of a unit that is not known
    "year": pl.Int32,
    "rule": pl.String,  # null: no question of a rule
    "severity": pl.String,  # critical | warning | info
    "effect_pct": pl.Float64,  # on the published figure it moves most, 0-100; null: unknown
    "who": pl.String,  # unit and year in words
    "topic": pl.String,  # what kind of matter, without any number of the data: for chats
    "place": pl.String,
    "what": pl.String,  # what is wrong, with the numbers: for mails
    "todo": pl.String,
    "todo_by": pl.String,  # unit | administrator
}
"""One open matter."""

_TODO_OF_STATE = {
    "not_received": ("请催报。", "administrator"),
    "refused": ("请该单位按回执处理后重新报送。", "unit"),
    "empty": ("请该单位填写后重新报送。", "unit"),
    "held": ("请该单位按更正表改正后重新报送。", "unit"),
    "returned": ("请该单位按退回意见处理后重新报送。", "unit"),
    "year_doubted": ("请与该单位核对年度，属实的运行 nianbao review confirm 确认。", "administrator"),
}


def list_matters(
    questions: pl.DataFrame,
    statuses: Mapping[int, pl.DataFrame],
    left: Iterable[str],
    catalogue: Catalogue,
    rulebook: RuleBook,
    today: date,
) -> pl.DataFrame:
    """MATTER of all that is open, the gravest and those of the greatest effect first.

    ``questions``: warehouse.standing.questions.read_open_questions; ``statuses``: per year warehouse.standing.status.list_status;
    ``left``: sentences about what stayed in the inbox or could not be fetched.
    """
    asked = _describe_questions(questions, catalogue, rulebook)
    reports = [
        _describe_reports(year, frame, today if _is_awaited(year, frame, catalogue) else None)
        for year, frame in sorted(statuses.items())
    ]
    # A report that is held for its questions is told by them.
    blocking = asked.filter(pl.col("severity") == "critical").select("unit_code", "year").unique()
    is_held = pl.col("matter").str.ends_with("-held")
    reports = [
        pl.concat([r.remove(is_held), r.filter(is_held).join(blocking, on=["unit_code", "year"], how="anti")])
        for r in reports
    ]
    found = pl.concat([asked, *reports, _describe_left(left)]).unique(
        "matter", keep="first", maintain_order=True
    )
    rank = {severity: number for number, severity in enumerate(labels.SEVERITY)}
    return found.sort(
        pl.col("severity").replace_strict(rank, return_dtype=pl.Int8),
        "effect_pct",
        "unit_code",
        "year",
        descending=[False, True, False, False],
        nulls_last=True,
        maintain_order=True,
    )


def _describe_questions(questions: pl.DataFrame, catalogue: Catalogue, rulebook: RuleBook) -> pl.DataFrame:
    """The open questions; one that waits for a decision about its explanation is another matter than before."""
    if questions.is_empty():
        return empty(MATTER)
    names = catalogue.unit_names()
    is_explained = pl.col("finding_status") == "explained"
    topics = questions.select("rule", "form").unique()
    said = [_state_topic(rulebook, catalogue, rule, form) for rule, form in topics.iter_rows()]
    topics = topics.with_columns(topic=pl.Series(said, dtype=pl.String))
    return (
        questions.join(topics, on=["rule", "form"], how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            matter=pl.when(is_explained).then(pl.format("{}-explained", "finding")).otherwise("finding"),
            subject="finding",
            who=_say_who(names),
            place=list_cells(questions, catalogue),
            what="message",
            todo=pl.when(is_explained)
            .then(pl.lit("该单位已作说明，请审核：nianbao review explanations。"))
            .otherwise("fix"),
            todo_by=pl.when(is_explained).then(pl.lit("administrator")).otherwise(pl.lit("unit")),
        )
        .pipe(shaped, MATTER)
    )


def _state_topic(rulebook: RuleBook, catalogue: Catalogue, rule_id: str, form: str | None) -> str:
    """What a rule demands, in words without a number of the data."""
    rule = rulebook.rules[rule_id]
    words = state_demand(rule, catalogue, form) if rule.scope == "row" and form else rule.words
    number = catalogue.forms[form].number if form in catalogue.forms else ""
    return f"{number}不符合“{words.rstrip('。')}”" if words else f"{number}有问题待处理"


def _is_awaited(year: int, status: pl.DataFrame, catalogue: Catalogue) -> bool:
    """Whether who has not reported for a year is waited for: in the current one, and where others have reported."""
    return year == catalogue.settings.last_year or bool(status["is_reported"].any())


def _describe_reports(year: int, status: pl.DataFrame, today: date | None) -> pl.DataFrame:
    """Units whose report is put back, or is not there although its day has passed (None: nobody waits for it)."""
    state = pl.col("state")
    is_late = (state == "not_received") & (pl.col("due_date") < today if today else False)
    wanted = status.filter(is_late | state.is_in(["refused", "empty", "held", "returned", "year_doubted"]))
    if wanted.is_empty():
        return empty(MATTER)
    todo, by = ({state: words[n] for state, words in _TODO_OF_STATE.items()} for n in (0, 1))
    label = state.replace_strict(labels.REPORT_STATE, return_dtype=pl.String)
    days = [day_words(day) for day in wanted["due_date"]]
    return wanted.with_columns(
        matter=pl.format("report-{}-{}-{}", "unit_code", pl.lit(year), "state"),
        subject=pl.format("report-{}-{}", "unit_code", pl.lit(year)),
        year=pl.lit(year, pl.Int32),
        severity=pl.lit("critical"),
        effect_pct=pl.lit(None, pl.Float64),
        who=pl.format("{} {}", "unit_name", pl.lit(year)),
        topic=pl.when(state == "not_received").then(pl.lit("逾期未报送")).otherwise(pl.format("报表{}", label)),
        place=pl.lit(""),
        due=pl.Series(days, dtype=pl.String),
        todo=state.replace_strict(todo, return_dtype=pl.String),
        todo_by=state.replace_strict(by, return_dtype=pl.String),
    ).with_columns(
        what=pl.when(state == "not_received")
        .then(pl.format("应于{}前报送，至今未收到。", "due"))
        .otherwise(pl.concat_str(pl.format("报表{}", label), _quote_file(), pl.lit("。"))),
    ).pipe(shaped, MATTER)  # fmt: skip


def _quote_file() -> pl.Expr:
    return pl.format("（{}）", "file_name").fill_null("")


def _describe_left(left: Iterable[str]) -> pl.DataFrame:
    """Sentences about files that wait; the sentence itself is what is to be done."""
    ids = {sentence: f"left-{hashlib.sha256(sentence.encode()).hexdigest()[:16]}" for sentence in left}
    rows = [
        {
            "matter": matter,
            "subject": matter,
            "severity": "warning",
            "who": "收件箱",
            "topic": sentence,
            "place": "",
            "what": sentence,
            "todo": "",
            "todo_by": "administrator",
        }
        for sentence, matter in ids.items()
    ]
    return pl.DataFrame(rows, schema_overrides=MATTER).pipe(shaped, MATTER) if rows else empty(MATTER)


def _say_who(names: Mapping[str, str]) -> pl.Expr:
    unit = pl.col("unit_code").replace_strict(names, default=pl.col("unit_code"), return_dtype=pl.String)
    return pl.format("{} {}", unit, "year")
