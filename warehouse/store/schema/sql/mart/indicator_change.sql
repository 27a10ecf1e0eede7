SELECT i.year, i.org_code, i.org_name, i.org_level, i.programme, i.indicator, i.name_zh, i.unit, i.value,
       c.comparable_value, c.previous_value, c.comparable_value - c.previous_value AS change,
       CASE i.unit WHEN '%' THEN '百分点' ELSE i.unit END AS change_unit,
       CASE WHEN i.unit NOT IN ('%', '位') AND c.previous_value <> 0
            THEN 100.0 * (c.comparable_value - c.previous_value) / c.previous_value END AS change_pct,
       i.coverage_pct, c.previous_coverage_pct, c.comparable_pct, i.maturity
FROM mart.indicator AS i
LEFT JOIN mart.comparison AS c ON c.year = i.year AND c.org_code = i.org_code AND c.indicator = i.indicator
WHERE i.kind <> 'change'
