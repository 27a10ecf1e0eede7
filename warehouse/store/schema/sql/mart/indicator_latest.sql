SELECT year, org_code, org_name, org_level, parent_code, programme, indicator, name_zh, kind, value, state, unit,
       numerator, denominator, reported_count, expected_count, coverage_pct, maturity, is_published
FROM mart.indicator
WHERE state IN ('value', 'zero')
QUALIFY row_number() OVER (PARTITION BY org_code, indicator ORDER BY year DESC) = 1
