WITH placed AS (
    SELECT i.*, count(i.value) OVER sibling AS sibling_count,
           CASE WHEN i.value IS NOT NULL THEN rank() OVER (sibling ORDER BY i.value DESC NULLS LAST) END AS sibling_rank,
           CASE WHEN i.value IS NOT NULL AND count(i.value) OVER sibling > 1
                THEN 100.0 * (count(i.value) OVER sibling - rank() OVER (sibling ORDER BY i.value DESC NULLS LAST))
                     / (count(i.value) OVER sibling - 1) END AS sibling_percentile
    FROM mart.indicator AS i
    WINDOW sibling AS (PARTITION BY i.year, i.indicator, i.org_level, i.parent_code)
), series AS (
    SELECT year, org_code, indicator,
           CASE WHEN count(value) OVER three = 3 AND min(year) OVER three = year - 2 THEN avg(value) OVER three END AS mean_3y,
           CASE WHEN count(value) OVER three = 3 AND min(year) OVER three = year - 2
                THEN regr_slope(value, year) OVER three END AS trend_3y
    FROM mart.indicator
    WINDOW three AS (PARTITION BY org_code, indicator ORDER BY year ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
)
SELECT p.year, p.org_code, p.org_name, p.org_level, p.parent_code, p.programme, p.indicator, p.name_zh, p.kind, p.value,
       p.state, p.unit, c.previous_value, c.change, c.change_unit, c.change_pct, p.sibling_rank, p.sibling_count,
       p.sibling_percentile,
       CASE WHEN p.kind IN ('stock', 'flow', 'cumulative') AND a.value <> 0 THEN 100.0 * p.value / a.value END AS parent_share_pct,
       CASE WHEN p.kind IN ('stock', 'flow', 'cumulative') AND b.previous_value <> 0
            THEN 100.0 * c.change / b.previous_value END AS contribution_points,
       s.mean_3y, s.trend_3y, p.coverage_pct, c.comparable_pct, p.maturity
FROM placed AS p
LEFT JOIN mart.indicator AS a ON a.year = p.year AND a.org_code = p.parent_code AND a.indicator = p.indicator
LEFT JOIN mart.indicator_change AS c ON c.year = p.year AND c.org_code = p.org_code AND c.indicator = p.indicator
LEFT JOIN mart.indicator_change AS b ON b.year = p.year AND b.org_code = p.parent_code AND b.indicator = p.indicator
LEFT JOIN series AS s ON s.year = p.year AND s.org_code = p.org_code AND s.indicator = p.indicator
