SELECT year, programme, indicator, name_zh, value, unit, state, coverage_pct, maturity
FROM mart.indicator
WHERE org_level = 'city' AND is_published
