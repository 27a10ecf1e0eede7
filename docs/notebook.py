import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="六个问题")

with app.setup:
    import os
    import sys
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo
    import polars as pl


@app.cell(hide_code=True)
def _():
    mo.md("""
    # 六个问题

    分析人员常问的六个问题，直接用 DuckDB 以只读方式打开公布库 `warehouse.duckdb` 来回答：数据目录取环境变量 `NIANBAO_HOME`，
    没有设置时取 `./data`。每个问题有一条查询、一张图或表、一句回答，回答中的数都由数据算出。表和列的含义见 `mart.dictionary`。

    打开：`marimo edit docs/notebook.py`；直接运行：`python docs/notebook.py`；导出：`marimo export html docs/notebook.py -o 六个问题.html`。
    """)
    return


@app.cell
def _():
    database = Path(os.environ.get("NIANBAO_HOME", "data")) / "warehouse.duckdb"
    if not database.exists():
        _lacking = f"还没有数据仓库（{database}）。请先运行 nianbao nightly，或核对环境变量 NIANBAO_HOME。"
        if mo.app_meta().mode == "script":
            sys.exit(_lacking)
        mo.stop(True, mo.md(_lacking))
    _file = str(database).replace("'", "''")
    warehouse = duckdb.connect()
    warehouse.execute(f"ATTACH '{_file}' AS warehouse (READ_ONLY)")
    warehouse.execute("USE warehouse")  # 查询函数 trace、changes、history 只在当前库中找得到

    def ask(sql: str, *parameters: object) -> pl.DataFrame:
        return warehouse.execute(sql, parameters).pl()

    year = ask("SELECT max(year) FROM mart.headline WHERE value IS NOT NULL").item()
    city = ask("SELECT org_name FROM mart.indicator WHERE org_level = 'city' AND year = ? LIMIT 1", year).item()
    return ask, city, year


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## 一、哪些县（市、区）会员增长最快，靠什么拉动？

    增长按可比口径，只比两年都报送的单位；各县的拉动点数之和是全市的增长百分比。
    """)
    return


@app.cell
def _(ask, year):
    growth = ask(
        """
        SELECT org_code, org_name, value, change, change_pct, contribution_points
        FROM mart.indicator_profile
        WHERE indicator = 'member_count' AND org_level = 'county' AND year = ? AND change_pct IS NOT NULL
        ORDER BY change_pct DESC
        """,
        year,
    )
    pulls = ask(
        """
        SELECT p.parent_code, p.org_name, p.change, 100 * p.change / c.change AS part_pct
        FROM mart.indicator_profile AS p
        JOIN mart.indicator_profile AS c ON c.year = p.year AND c.indicator = p.indicator AND c.org_code = p.parent_code
        WHERE p.indicator = 'member_count' AND p.org_level = 'township' AND p.year = ? AND p.change IS NOT NULL
        ORDER BY p.change DESC
        """,
        year,
    )
    return growth, pulls


@app.cell(hide_code=True)
def _(city, growth, pulls, year):
    if growth.is_empty():
        fastest = None
        growth_answer = f"{year}年没有可以与上年相比的县（市、区）。"
    else:
        fastest = growth.row(0, named=True)
        _most = growth.sort("contribution_points", descending=True).row(0, named=True)
        _first = pulls.filter(pl.col("parent_code") == fastest["org_code"]).head(3)
        _names = "、".join(f"{r['org_name']}（{r['change']:+,.0f}人）" for r in _first.to_dicts())
        growth_answer = (
            f"{year}年{fastest['org_name']}的会员增长最快，比上年增长{fastest['change_pct']:.2f}%，"
            f"增加最多的是{_names}，合占当地增加数的{_first['part_pct'].sum():.0f}%；"
            f"对{city}增长拉动最大的是{_most['org_name']}，{_most['contribution_points']:.2f}个百分点。"
        )
    _bars = (
        alt.Chart(growth, width=560)
        .mark_bar()
        .encode(
            x=alt.X("change_pct:Q", title="比上年增长（%）"),
            y=alt.Y("org_name:N", sort="-x", title=None),
            color=alt.Color("contribution_points:Q", title="拉动点数", scale=alt.Scale(scheme="blues", domainMin=0)),
        )
    )
    mo.vstack([_bars, mo.md(f"**{growth_answer}**")])
    return fastest, growth_answer


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## 二、亲子小屋的布点与婴幼儿的分布是否匹配？

    比较各县（市、区）占全市小屋的比重和占全市婴幼儿的比重：两个比重差的绝对值之和的一半，是要换县才能完全一致的小屋所占的百分比。
    """)
    return


@app.cell
def _(ask, year):
    sites = ask(
        """
        SELECT org_name, sunflower_site_count AS site_count, infant_count, sunflower_site_per_10k AS site_per_10k,
               100 * sunflower_site_count / sum(sunflower_site_count) OVER () AS site_share_pct,
               100 * infant_count / sum(infant_count) OVER () AS infant_share_pct
        FROM mart.county_year
        WHERE year = ? AND sunflower_site_count IS NOT NULL AND infant_count > 0
        ORDER BY site_per_10k
        """,
        year,
    )
    without = ask(
        """
        SELECT count(*) FILTER (sunflower_site_count = 0) AS township_count,
               coalesce(sum(infant_count) FILTER (sunflower_site_count = 0), 0) AS infant_count
        FROM mart.township_year WHERE year = ?
        """,
        year,
    ).row(0, named=True)
    return sites, without


@app.cell(hide_code=True)
def _(sites, without, year):
    if sites.is_empty():
        site_answer = f"{year}年没有同时报送亲子小屋和婴幼儿数的县（市、区）。"
    else:
        _apart = (sites["site_share_pct"] - sites["infant_share_pct"]).abs().sum() / 2
        _fit = "基本匹配" if _apart < 5 else "大体匹配" if _apart < 15 else "不匹配"
        _few, _many = sites.row(0, named=True), sites.row(-1, named=True)
        site_answer = (
            f"{year}年小屋布点与婴幼儿分布{_fit}，有{_apart:.1f}%的小屋要换县才能完全一致；"
            f"每万名婴幼儿的小屋数最少的是{_few['org_name']}（{_few['site_per_10k']:.1f}个），"
            f"最多的是{_many['org_name']}（{_many['site_per_10k']:.1f}个）；"
            f"没有小屋的乡镇（街道）有{without['township_count']}个，"
            f"婴幼儿{without['infant_count']:,.0f}人。"
        )
    _shares = sites.unpivot(
        ["site_share_pct", "infant_share_pct"], index="org_name", variable_name="of", value_name="share_pct"
    ).with_columns(pl.col("of").replace({"site_share_pct": "亲子小屋", "infant_share_pct": "婴幼儿"}))
    _bars = (
        alt.Chart(_shares, width=560)
        .mark_bar()
        .encode(
            x=alt.X("org_name:N", title=None, sort=sites["org_name"].to_list(), axis=alt.Axis(labelAngle=0)),
            xOffset="of:N",
            y=alt.Y("share_pct:Q", title="占全市比重（%）"),
            color=alt.Color("of:N", title=None),
        )
    )
    mo.vstack([_bars, mo.md(f"**{site_answer}**")])
    return (site_answer,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## 三、累计数是怎样逐年增长的？

    以保险赔付为例：累计数每年增加的，应当是当年的数。
    """)
    return


@app.cell
def _(ask):
    paid = ask(
        """
        SELECT year, claim_paid_cumulative_cny AS total_cny, claim_paid_cny AS of_year_cny,
               claim_paid_cumulative_cny - lag(claim_paid_cumulative_cny) OVER (ORDER BY year) AS added_cny
        FROM mart.city_year
        WHERE claim_paid_cumulative_cny IS NOT NULL
        ORDER BY year
        """
    )
    return (paid,)


@app.cell(hide_code=True)
def _(paid):
    _added = paid.filter(pl.col("added_cny").is_not_null())
    if _added.is_empty():
        paid_answer = "累计数还不足两年，看不出增长。"
    else:
        _apart = _added.filter((pl.col("added_cny") - pl.col("of_year_cny").fill_null(0)).abs() > 0.005)
        _start, _end = paid.row(0, named=True), paid.row(-1, named=True)
        _top = _added.sort("added_cny", descending=True).row(0, named=True)
        paid_answer = (
            f"保险累计赔付由{_start['year']}年的{_start['total_cny'] / 1e4:,.1f}万元"
            f"增至{_end['year']}年的{_end['total_cny'] / 1e4:,.1f}万元，增加最多的是{_top['year']}年"
            f"（{_top['added_cny'] / 1e4:,.1f}万元）；"
            + (
                "每年增加的都等于当年的赔付。"
                if _apart.is_empty()
                else f"{'、'.join(str(y) for y in _apart['year'])}年增加的与当年的赔付不等。"
            )
        )
    _base = alt.Chart(paid, width=560).encode(x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0)))
    _bars = _base.mark_bar(color="#9ecae1").encode(y=alt.Y("of_year_cny:Q", title="元"))
    _line = _base.mark_line(point=True, color="#1f5a94").encode(y="total_cny:Q")
    mo.vstack([_bars + _line, mo.md(f"（柱：当年赔付；线：累计赔付）\n\n**{paid_answer}**")])
    return (paid_answer,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## 四、区划调整以后，历年的数怎样才可比？

    `mart.comparable` 把历年的数都按现行区划重算；`value_as_was` 是当年按当时的区划公布的数。
    """)
    return


@app.cell
def _(ask):
    redrawn = ask(
        """
        WITH moved AS (
            SELECT org_code FROM mart.comparable
            WHERE indicator = 'member_count' AND value IS DISTINCT FROM value_as_was
        )
        SELECT year, org_code, org_name, org_level, value, value_as_was, value - value_as_was AS difference
        FROM mart.comparable
        WHERE indicator = 'member_count' AND org_code IN (FROM moved)
        ORDER BY org_code, year
        """
    )
    return (redrawn,)


@app.cell(hide_code=True)
def _(redrawn):
    _moved = redrawn.filter(pl.col("difference").abs() > 0).sort(pl.col("difference").abs(), descending=True)
    if redrawn.is_empty():
        redrawn_answer = "历年的区划与现行区划一致，公布的会员数可以直接比较。"
        _shown = mo.md("（没有按新区划重算的数）")
    else:
        _count = redrawn["org_code"].n_unique()
        redrawn_answer = f"有{_count}个单位历年的会员数要按现行区划重算才可比"
        if _moved.height:
            _one = _moved.row(0, named=True)
            redrawn_answer += (
                f"，相差最大的是{_one['org_name']}：{_one['year']}年公布{_one['value_as_was']:,.0f}人，"
                f"按现行区划为{_one['value']:,.0f}人"
            )
        redrawn_answer += "。"
        _code = _moved["org_code"][0] if _moved.height else redrawn["org_code"][0]
        _lines = (
            redrawn.filter(pl.col("org_code") == _code)
            .unpivot(["value", "value_as_was"], index=["year", "org_name"], variable_name="of", value_name="members")
            .with_columns(pl.col("of").replace({"value": "按现行区划", "value_as_was": "当年公布"}))
        )
        _shown = (
            alt.Chart(_lines, width=560, title=_lines["org_name"][0])
            .mark_line(point=True)
            .encode(
                x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0)),
                y=alt.Y("members:Q", title="会员（人）"),
                color=alt.Color("of:N", title=None),
                strokeDash=alt.StrokeDash("of:N", title=None),
            )
        )
    mo.vstack([_shown, mo.md(f"**{redrawn_answer}**")])
    return (redrawn_answer,)


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## 五、某个数为什么和上次公布的不一样？

    `changes(较早, 较晚)` 给出两个时刻之间变动的数和原因（这里比较首次和最近一次公布），`history(指标, 单位, 年度)` 给出一个数历次公布的值。
    """)
    return


@app.cell
def _(ask):
    nights = ask("SELECT DISTINCT published_at FROM quality.run WHERE published_at IS NOT NULL ORDER BY 1")
    changed = ask(
        """
        SELECT year, org_code, org_name, indicator, name_zh, unit, old_value, new_value, why, unit_code, file_name, sheet, cell
        FROM changes(?, ?)
        WHERE old_value IS NOT NULL AND new_value IS NOT NULL AND old_value <> new_value
        ORDER BY org_level <> 'city', indicator <> 'member_count', indicator, year, org_code
        """,
        str(nights["published_at"][0]),
        str(nights["published_at"][-1]),
    )
    return changed, nights


@app.cell(hide_code=True)
def _(ask, changed, nights):
    if changed.is_empty():
        change_answer = f"公布过{nights.height}次，没有一个已公布的数变动过。"
        versions = None
    else:
        _one = changed.row(0, named=True)
        versions = ask(
            """
            SELECT strftime(known_from, '%Y-%m-%d %H:%M') AS 公布时间, value AS 数值, round(coverage_pct, 1) AS 覆盖率
            FROM history(?, ?, ?)
            ORDER BY known_from
            """,
            _one["indicator"],
            _one["org_code"],
            _one["year"],
        )
        change_answer = (
            f"{_one['org_name']}{_one['year']}年的{_one['name_zh']}由{_one['old_value']:,.0f}{_one['unit']}"
            f"变为{_one['new_value']:,.0f}{_one['unit']}，原因是{_one['why']}"
            + (f"：{_one['file_name']}的“{_one['sheet']}”{_one['cell']}等处" if _one["file_name"] else "")
            + f"；自首次公布以来共有{changed.select('year', 'org_code', 'indicator').n_unique()}个数变动。"
        )
    _listed = changed.head(10).select(
        年度=pl.col("year").cast(pl.String),
        单位="org_name",
        指标="name_zh",
        原值=pl.col("old_value").round(2),
        现值=pl.col("new_value").round(2),
        原因="why",
        文件="file_name",
    )
    _tables = [mo.ui.table(table, selection=None) for table in (_listed, versions) if table is not None and table.height]
    mo.vstack([*_tables, mo.md(f"**{change_answer}**")])
    return change_answer, versions


@app.cell(hide_code=True)
def _():
    mo.md("""
    ## 六、这个数从哪来？

    `trace(指标, 单位, 年度)` 由指标到公式、到单位，直到文件、工作表和单元格。看第一问中增长最快的县。
    """)
    return


@app.cell
def _(ask, fastest, year):
    if fastest is None:
        place = ask("SELECT min(org_code) FROM mart.indicator WHERE org_level = 'county' AND year = ?", year).item()
    else:
        place = fastest["org_code"]
    steps = ask("FROM trace('member_count', ?, ?)", place, year)
    cells = (
        steps.filter(pl.col("step") == "cell", ~pl.col("is_left_out"), pl.col("state").is_in(["value", "zero"]))
        .with_columns(part=pl.col("value") * pl.col("share"))
        .select("org_name", "value", "part", "raw", "file_name", "sheet", "cell", "file_sha256")
        .sort("part", descending=True)
    )
    return cells, steps


@app.cell(hide_code=True)
def _(cells, steps, year):
    _number = steps.filter(pl.col("step") == "number").row(0, named=True)
    if cells.is_empty():
        trace_answer = f"{_number['org_name']}{year}年没有计入的单元格。"
    else:
        _largest, _sum = cells.row(0, named=True), cells["part"].sum()
        _is_same = _number["value"] is not None and abs(_sum - _number["value"]) < 0.5
        trace_answer = (
            f"{_number['org_name']}{year}年的{_number['label']}{_number['value'] or 0:,.0f}人来自"
            f"{cells['file_sha256'].n_unique()}个文件的{cells.height}个单元格，其和为{_sum:,.0f}，"
            f"与公布数{'相符' if _is_same else '不符'}；最大的一格是{_largest['file_name']}的"
            f"“{_largest['sheet']}”{_largest['cell']}（{_largest['org_name']}，{_largest['value']:,.0f}人）。"
        )
    _listed = cells.head(10).select(
        单位="org_name", 填报="raw", 计入="part", 文件="file_name", 工作表="sheet", 单元格="cell", 校验码="file_sha256"
    )
    mo.vstack([mo.ui.table(_listed, selection=None), mo.md(f"**{trace_answer}**")])
    return (trace_answer,)


@app.cell(hide_code=True)
def _(change_answer, growth_answer, paid_answer, redrawn_answer, site_answer, trace_answer):
    answers = [growth_answer, site_answer, paid_answer, redrawn_answer, change_answer, trace_answer]
    if mo.app_meta().mode == "script":
        print(*answers, sep="\n")
    mo.md("## 六句回答\n\n" + "\n".join(f"{number}. {answer}" for number, answer in enumerate(answers, start=1)))
    return (answers,)


if __name__ == "__main__":
    app.run()
