"""Single wrong cells and exchanged pairs planted into last year's workbooks: how often the cell named as wrong is the one.

python -m benchmarks.named_cells WAREHOUSE             the evaluation, into named_cells.md
python -m benchmarks.named_cells WAREHOUSE --tuning    on the seeds that limits are tuned with, printed only
"""

from __future__ import annotations

import argparse
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.planted_errors import EVALUATION, TUNING, noisy
from benchmarks.plants import SMALLEST
from expectations.frames.form_frame import additive_fields
from expectations.judge import Evidence, examine
from expectations.rulebook.rulebook import RuleBook
from flows.settings import Installation, Settings
from flows.steps.batch import describe_file
from flows.steps.steps import conform_batch, read_batch
from transforms.conforming.conform import Conformed
from transforms.observing.observations import observe
from warehouse.catalogue.frames import MEASURE, PROBLEM, empty, shaped
from warehouse.catalogue.load import Catalogue
from warehouse.ledger.archive import Archive
from warehouse.ledger.journal import Event, Journal
from warehouse.store.query import query, read_standing_measures

NOISES = (0.0, 0.15, 0.3)
TARGET = 90.0
"""Per cent of the cases in which one cell is named, at the middle noise."""

SEEDS = 3
"""How many of the seeds are drawn: for each kind and noise all workbooks are judged anew, a hundred errors in them."""

ONE = re.compile(r"^(?:最可能有误：|如只有一处有误，应是)(?P<cell>[^（]*)（(?P<said>[^）]*)）")
"""A sentence that names one cell (expectations.error_localisation.likely_words and .totals)."""

TWO = re.compile(r"^只改一处不能相符，(?:有误的应是|最可能有误的是)")
SAYS = re.compile(r"应(为|不小于|不大于)(-?[\d.]+)")

Place = tuple[str, str, str | None, int]  # submission, form, org_code, row
Bend = Callable[[float, Sequence[float], random.Random], float]


@dataclass(frozen=True)
class Plant:
    """Wrong cells of one row: field -> what stands there instead of what, and whether it is a 合计 or 小计 row."""

    place: Place
    cells: dict[str, tuple[float, float]]
    is_total: bool
    unit_text: str


def tenfold(value: float, column: Sequence[float], draw: random.Random) -> float:
    """A digit too many."""
    del column, draw
    return value * 10


def tenth(value: float, column: Sequence[float], draw: random.Random) -> float:
    """A digit too few."""
    del column, draw
    return float(value // 10)


def turned(value: float, column: Sequence[float], draw: random.Random) -> float:
    """Two neighbouring digits the wrong way round."""
    del column
    digits = str(int(value))
    places = [n for n in range(len(digits) - 1) if digits[n] != digits[n + 1]]
    if not places:
        return value
    n = draw.choice(places)
    return float(digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :])


def anothers(value: float, column: Sequence[float], draw: random.Random) -> float:
    """Another plausible number: one of the same column."""
    others = [other for other in column if abs(math.log((other + 1) / (value + 1))) > 0.2]
    return draw.choice(others) if others else value


SINGLE: dict[str, Bend] = {"x10": tenfold, "/10": tenth, "digits turned": turned, "another number": anothers}
KINDS = [*SINGLE, *(f"total {kind}" for kind in SINGLE), "two cells exchanged"]


@dataclass(frozen=True)
class Year:
    """The last year's workbooks as conforming hands them on, and what stood before."""

    catalogue: Catalogue
    rulebook: RuleBook
    conformed: Conformed
    submissions: pl.DataFrame
    prior: pl.DataFrame

    def judged(self, forms: dict[str, pl.DataFrame], noise: float, seed: int) -> pl.DataFrame:
        """The findings that are told, of these forms beside earlier years under noise, with what is said of cells.

        The noise of both years is laid over the earlier ones: numbers of one row must go on agreeing with each other.
        """
        made = replace(self.conformed, forms=forms)
        prior = noisy(self.prior, noise * math.sqrt(2), seed) if noise else self.prior
        batch = Evidence(
            made.forms, made.columns, empty(PROBLEM), self.submissions, made.declared_empty,
            shaped(observe(made, self.catalogue).measures, MEASURE), shaped(prior, MEASURE),
        )  # fmt: skip
        return examine(batch, self.catalogue, self.rulebook)[1].filter(pl.col("follows").is_null())


def with_subtotals(frame: pl.DataFrame, catalogue: Catalogue, year: int) -> pl.DataFrame:
    """``frame`` of a form of villages with a 小计 row for every township, as many counties write them."""
    units = catalogue.registry.units(year).select("org_code", "township_code")
    rows = frame.filter(row_kind="data").join(units, on="org_code").drop_nulls("township_code")
    numbers = [name for name, dtype in frame.schema.items() if dtype == pl.Float64]
    summed = rows.group_by("submission", "township_code", maintain_order=True).agg(
        pl.col("unit_code", "year", "sheet").first(), pl.col(numbers).sum(), size=pl.len()
    )
    names = catalogue.registry.units(year).select(township_code="org_code", org_name="name")
    subtotals = (
        summed.filter(pl.col("size") > 2)
        .join(names, on="township_code", how="left", maintain_order="left")
        .with_columns(
            org_code="township_code",
            org_level=pl.lit("township"),
            row_kind=pl.lit("total"),
            row=pl.int_range(5000, 5000 + pl.len(), dtype=pl.UInt32),
            item=pl.lit(""),
        )
    )
    return pl.concat([frame, shaped(subtotals, frame.schema)])


def planted(year: Year, kind: str, draw: random.Random) -> Iterator[Plant]:
    """Errors of ``kind`` over all workbooks, at most one for a column of a sheet, a row and a township's units."""
    is_total = kind.startswith("total ")
    bend = SINGLE.get(kind.removeprefix("total "))
    taken: set[tuple[str, ...]] = set()
    for form in year.catalogue.forms.values():
        fields = [f.id for f in additive_fields(form)]
        if form.is_roster or not fields:
            continue
        frame = year.conformed.forms[form.id]
        columns = {field: frame.filter(row_kind="data")[field].drop_nulls().to_list() for field in fields}
        rows = frame.filter(row_kind="total" if is_total else "data").rows(named=True)
        for row in draw.sample(rows, len(rows)):
            place = (row["submission"], form.id, row["org_code"], row["row"])
            township = (row["submission"], str(row["org_code"])[:9])
            free = [f for f in fields if (row["submission"], form.id, f) not in taken]
            able = [f for f in free if (row[f] or 0) >= SMALLEST]
            if (not is_total and township in taken) or len(able) < (1 if bend else 2):
                continue
            if bend:
                field = draw.choice(able)
                cells = {field: (bend(row[field], columns[field], draw), row[field])}
            else:
                one, other = draw.sample(able, 2)
                cells = {one: (row[other], row[one]), other: (row[one], row[other])}
            if any(bent == value for bent, value in cells.values()):
                continue
            taken |= {township, *((row["submission"], form.id, f) for f in cells)}
            yield Plant(place, cells, is_total, "" if row["org_name"] is None else str(row["org_name"]))


def bent_forms(forms: dict[str, pl.DataFrame], plants: Sequence[Plant]) -> dict[str, pl.DataFrame]:
    """The forms with the planted cells."""
    done = dict(forms)
    for form, clean in forms.items():
        frame = clean
        rows = [
            {"submission": p.place[0], "row": p.place[3], "field": field, "bent": bent}
            for p in plants
            if p.place[1] == form
            for field, (bent, _) in p.cells.items()
        ]
        if rows:
            cells = pl.DataFrame(rows, schema_overrides={"row": frame.schema["row"], "bent": pl.Float64})
            for (field,), part in cells.partition_by("field", as_dict=True).items():
                at = part.drop("field")
                frame = frame.join(at, on=["submission", "row"], how="left", maintain_order="left")
                frame = frame.with_columns(pl.coalesce("bent", str(field)).alias(str(field))).drop("bent")
            done[form] = frame
    return done


def concerns(finding: dict[str, Any], plant: Plant) -> bool:
    """Whether a planted error is what a finding speaks of."""
    submission, form, org, _ = plant.place
    if finding["submission"] != submission or not {*plant.cells} & {*finding["fields"], finding["field"]}:
        return False
    if str(finding["rule"]).startswith("total."):
        of_unit = finding["rule"] == "total.sheet" or str(org).startswith(str(finding["org_code"])[:9])
        return finding["form"] == form and of_unit
    return not plant.is_total and str(org).startswith(str(finding["org_code"]))


def is_right(finding: dict[str, Any], plant: Plant, catalogue: Catalogue) -> tuple[bool, bool]:
    """Whether the one cell that ``finding`` names is a planted one, and whether what it says fits the truth as well."""
    found = ONE.match(finding["likely"])
    assert found is not None, "only a sentence that names one cell is looked at"
    fields = {f.id: f.label for f in catalogue.forms[plant.place[1]].fields}
    cell = found["cell"]
    for field, (bent, value) in plant.cells.items():
        if str(finding["rule"]).startswith("total."):
            is_named = (
                cell in ("合计", "小计") if plant.is_total else cell == f"{plant.unit_text}的{fields[field]}"
            )
        else:
            is_named = cell.endswith(fields[field])
        if is_named:
            stands = re.search(r"现为(-?[\d.]+)", found["said"])
            truth = float(stands[1]) - bent + value if stands else value
            return True, all(
                {"为": truth == float(at), "不小于": truth >= float(at), "不大于": truth <= float(at)}[word]
                for word, at in SAYS.findall(found["said"])
            )
    return False, False


def measured(
    year: Year, seeds: Sequence[int], noises: Sequence[float], show: bool = False
) -> dict[tuple[float, str], Counter[str]]:
    """What was counted by noise and kind: planted, asked, named (findings), right, and right with what it should say."""
    told: dict[tuple[float, str], Counter[str]] = {}
    key = ["submission", "rule", "org_code", "item", "field"]
    for noise in noises:
        for seed in seeds:
            clean = year.judged(year.conformed.forms, noise, seed).select(key)
            draw = random.Random(seed)
            for kind in KINDS:
                count = told.setdefault((noise, kind), Counter())
                plants = list(planted(year, kind, draw))
                found = year.judged(bent_forms(year.conformed.forms, plants), noise, seed)
                new = found.join(clean, on=key, how="anti", nulls_equal=True).drop_nulls("likely")
                count["planted"] += len(plants)
                _count(count, new, plants, year.catalogue, f"{noise} {kind}" if show else "")
    return told


def _count(
    count: Counter[str], new: pl.DataFrame, plants: Sequence[Plant], catalogue: Catalogue, show: str
) -> None:
    for finding in new.rows(named=True):
        concerned = [plant for plant in plants if concerns(finding, plant)]
        count["asked"] += 1
        if not ONE.match(finding["likely"]):
            count["two"] += bool(TWO.match(finding["likely"]))
            continue
        verdicts = [is_right(finding, plant, catalogue) for plant in concerned]
        count["named"] += 1
        count["right"] += any(cell for cell, _ in verdicts)
        count["right_value"] += any(value for _, value in verdicts)
        if show and not any(cell for cell, _ in verdicts):
            print(
                show,
                finding["rule"],
                finding["message"],
                finding["likely"],
                concerned or "no plant",
                sep="\n   ",
            )


def last_year(home: Path) -> Year:
    """The workbooks of the last year that stands in the warehouse below ``home``, read anew, some with 小计 rows."""
    place = Installation(Settings(home=home))
    standing = query(place.home.database, "SELECT year, submission FROM quality.standing")
    of_year = standing["year"].max()
    assert isinstance(of_year, int), "the warehouse holds submissions"
    wanted = set(standing.filter(year=of_year)["submission"])
    entries = Journal(place.home.journal, read_only=True).entries()
    received = [e for e in entries if e.event == Event.RECEIVED and str(e.submission) in wanted]
    archive = Archive(place.home.archive)
    files = [describe_file(entry, archive.path(str(entry.submission))) for entry in received]
    batch = conform_batch(read_batch(files, place.catalogue, place.settings.workers), place.catalogue)
    conformed = batch.conformed
    prior = read_standing_measures(place.home.database).filter(pl.col("year") < of_year)
    forms = {
        name: with_subtotals(frame, place.catalogue, of_year)
        if "village" in place.catalogue.forms[name].levels and not place.catalogue.forms[name].is_roster
        else frame
        for name, frame in conformed.forms.items()
    }
    return Year(
        place.catalogue,
        place.rulebook,
        replace(conformed, forms=forms),
        batch.submissions,
        prior.sort("year", "org_code", "measure"),
    )


def report(told: dict[tuple[float, str], Counter[str]]) -> str:
    """The page as Markdown."""
    head = [
        "planted",
        *(f"{100 * noise:.0f} % noise" for noise in NOISES),
        "with what it should say, 15 %",
        "named of asked, 15 %",
    ]
    lines = [(__doc__ or "").split("\n\n", 1)[0], "", f"Target: {TARGET:.0f} % at 15 % noise.", ""]
    lines += ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for kind in [*KINDS, "all"]:
        parts = [
            sum((told[noise, each] for each in (KINDS if kind == "all" else [kind])), Counter())
            for noise in NOISES
        ]
        middle = parts[1]
        cells = [
            *(_share(part["right"], part["named"]) for part in parts),
            _share(middle["right_value"], middle["named"]),
            _share(middle["named"], middle["asked"]),
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % of {whole}" if whole else "none"


def main() -> None:
    """Measure on the last year of a warehouse (that of ``make demo``), whose archive lies beside it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--show", action="store_true", help="print every finding that names a cell wrongly")
    given = parser.parse_args()
    seeds = (TUNING if given.tuning else EVALUATION)[:SEEDS]
    text = report(measured(last_year(given.warehouse.parent), seeds, NOISES, given.show))
    print(text)
    if not given.tuning:
        Path(__file__).with_name("named_cells.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
