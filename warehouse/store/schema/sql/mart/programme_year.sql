SELECT i.year, i.programme, p.name_zh, count(*) AS indicator_count, count(i.value) AS known_count,
       count(*) FILTER (c.change > 0) AS risen_count, count(*) FILTER (c.change < 0) AS fallen_count,
       count(*) FILTER (c.change = 0) AS level_count, min(i.coverage_pct) AS least_coverage_pct,
       CASE WHEN bool_and(i.maturity = 'final') THEN 'final' ELSE 'provisional' END AS maturity
FROM mart.indicator AS i
JOIN mart.programme AS p ON p.programme = i.programme
LEFT JOIN mart.indicator_change AS c ON c.year = i.year AND c.org_code = i.org_code AND c.indicator = i.indicator
WHERE i.org_level = 'city' AND i.kind IN ('stock', 'flow', 'cumulative', 'rate')
GROUP BY i.year, i.programme, p.name_zh
