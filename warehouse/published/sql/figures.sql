SELECT i.year, i.org_code, i.org_name, i.org_level, i.parent_code, i.programme, i.indicator, i.name_zh, i.kind, i.unit,
       i.value, i.state, i.reported_count, i.expected_count, i.coverage_pct, i.maturity,
       c.change, c.change_pct, c.comparable_pct
FROM mart.indicator AS i
LEFT JOIN mart.indicator_change AS c ON c.year = i.year AND c.org_code = i.org_code AND c.indicator = i.indicator
WHERE list_contains(?, i.year) AND list_contains(?, i.org_level)
