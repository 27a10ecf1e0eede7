"""Numbers as clerks write them: full width, thousands separators, spaces, 万 and 亿, units.

Only cells that a plain cast (:mod:`transforms.conforming.typed_values`) cannot read come here.
"""

from __future__ import annotations

import polars as pl

from warehouse.catalogue.frames import DATE_MARK
from warehouse.catalogue.models import NUMERIC_TYPES
from warehouse.words.folding import INVISIBLE, show_column
from warehouse.words.scales import SCALES

_SCALE = f"(?P<times>{'|'.join(sorted(SCALES, key=len, reverse=True))})?"
_NUMBER = (
    r"^(?P<mark>')?\s*第?\s*(?P<sign>[+-])?\s*(?P<money>¥)?\s*"
    # Thousands are grouped by a comma, an apostrophe or one blank, never by a line break or a tab.
    r"(?P<whole>\d+|\d{1,3}(?:[,']\d{3})+|\d{1,3}(?: \d{3})+|\d{1,3}(?:, \d{3})+)(?P<part>\.\d*)? *"
    + _SCALE
    + r"\s*(?P<tail>\D*)$"
)
# ① ² ⑴ ⒈ are numbers but not digits; NFKC turns them into digits.
_NO_MARK = "¼-¾⅐-⅟↉"  # fractions: 3½ is no 3
_MARK_SIGN = rf"[\p{{No}}※†‡--{_NO_MARK}]"
_ENDS_WITH_MARK = rf"^([^\p{{No}}※†‡]*\d[^\p{{No}}※†‡]*?)\s*{_MARK_SIGN}+$"
_FORMULA_TEXT = r'^="([^"]*)"$'
_DECIMALS = 6  # 1.23万 is 12300, not 12300.000000000002


def with_numbers(cells: pl.DataFrame) -> pl.DataFrame:
    """Add ``number``, ``number_fix`` (null: nothing was normalised) and ``number_detail`` (why it cannot be read).

    Cells need type, raw, unit, scale, is_header_scale; those of other types get nulls.
    """
    raw = pl.col("raw")
    bare = raw.str.replace_all(INVISIBLE, "").str.strip_chars().str.replace(_FORMULA_TEXT, "$1")
    without_mark = bare.str.replace(_ENDS_WITH_MARK, "$1")
    is_date = raw.str.starts_with(DATE_MARK)
    is_unclear = without_mark.str.contains(_MARK_SIGN) | is_date
    plain = (
        show_column(pl.when(~is_unclear).then(without_mark))
        .str.replace_all(r"[−–—﹣‐‑]", "-")
        .str.replace_all(r"[‘’`]", "'")
    )
    is_number = pl.col("type").is_in(list(NUMERIC_TYPES))
    groups = cells.select(
        plain.alias("plain"),
        is_number=is_number,
        groups=pl.when(is_number).then(plain.str.extract_groups(_NUMBER)),
    ).unnest("groups")
    frame = pl.concat([cells, groups], how="horizontal")
    tail = pl.col("tail").str.to_lowercase().str.replace_all(r"[\s。.]", "")
    is_bare = pl.col("times").is_null() & (tail == "")
    is_unit = (
        (tail == "")
        | (tail == pl.col("unit"))
        | ((pl.col("type") == "cny") & tail.is_in(["元", "圆", "元整"]))
        | ((pl.col("type") == "rank") & tail.is_in(["名", "位"]))
    )
    # 3万 in a column that is filled in 万元 may be either.
    is_double = pl.col("times").is_not_null() & (tail == "") & (pl.col("scale") != 1)
    written = pl.concat_str(
        pl.col("sign").fill_null("").str.replace("+", "", literal=True),
        pl.col("whole").str.replace_all(r"[,'\s]", ""),
        pl.col("part").fill_null(""),
    ).cast(pl.Float64, strict=False)
    own_scale = pl.col("times").replace_strict(SCALES, default=1.0, return_dtype=pl.Float64)
    scale = pl.when(is_bare).then("scale").otherwise(own_scale)
    # A number that polars can cast (1e5) comes here only when its column has a scale.
    direct = pl.col("plain").cast(pl.Float64, strict=False)
    number = (
        pl.when(pl.col("whole").is_not_null() & is_unit & ~is_double)
        .then((written * scale).round(_DECIMALS))
        .when(direct.is_finite())
        .then((direct * pl.col("scale")).round(_DECIMALS))
    )
    year = pl.col("plain").str.extract(
        r"^((?:19|20)\d\d)\s*(?:年度?(?:\d{1,2}月(?:\d{1,2}[日号])?)?|[-./]\d{1,2}(?:[-./]\d{1,2})?(?:\s+0?0:00(?::00)?)?)$"
    )
    without_spaces = without_mark.str.replace_all(r"[\s\u00a0\u3000]+", "")
    fixes = [
        (raw.str.contains(INVISIBLE), "invisible"),
        (without_mark != bare, "note_mark"),
        (raw.str.contains(r"[\s\u00a0\u3000]"), "spaces"),
        (without_spaces != without_spaces.str.normalize("NFKC"), "full_width"),
        (pl.col("whole").str.contains(r"[,']"), "thousands"),
        (pl.col("mark").is_not_null() | raw.str.contains(_FORMULA_TEXT), "text_mark"),
        (pl.col("times").is_not_null(), "ten_thousand"),
        ((tail != "") | pl.col("money").is_not_null(), "unit"),
        (is_bare & pl.col("is_header_scale"), "header_unit"),
    ]
    fix = pl.concat_str(
        [pl.when(holds.fill_null(value=False)).then(pl.lit(name)) for holds, name in fixes],
        separator="+",
        ignore_nulls=True,
    ).replace("", None)
    detail = (
        pl.when(is_date)
        .then(raw.str.extract(r" \S+ (.+)$"))
        .when(is_unclear)
        .then(pl.lit("其中有注号，分不清是不是数字"))
        .when(pl.col("plain").str.contains(r"\d\s*[\n\r\t]\s*\d"))
        .then(pl.lit("一个单元格里写了两个数"))
        .when(pl.col("plain").str.contains(r"[%‰]"))
        .then(pl.lit("百分数不能填"))
        .when(pl.col("plain").str.contains(r"\d\s*[-~至到]\s*\d"))
        .then(pl.lit("请填一个数，不填范围"))
        .when(is_double.fill_null(value=False))
        .then(pl.lit("看不出单位是元还是万元"))
        .when(pl.col("whole").is_not_null() & ~is_unit & (pl.col("unit") != ""))
        .then(pl.format("本栏的单位是{}", "unit"))
    )
    is_year = (pl.col("type") == "year") & year.is_not_null()
    chosen = frame.select(
        number=pl.when(is_year).then(year.cast(pl.Float64, strict=False)).when(is_number).then(number),
        number_fix=pl.when(is_year)
        .then(
            pl.when(pl.col("plain").str.contains(r"^\d{4}\s*年度?$"))
            .then(pl.lit("unit"))
            .otherwise(pl.lit("year_of_date"))
        )
        .otherwise(fix),
        number_detail=pl.when(is_number).then(detail),
    )
    return pl.concat([cells, chosen], how="horizontal")
