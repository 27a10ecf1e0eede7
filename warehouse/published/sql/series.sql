SELECT year, org_code, org_name, org_level, parent_code, value, state, numerator, denominator, reported_count, expected_count,
       coverage_pct, maturity
FROM mart.indicator
WHERE indicator = ? AND (org_code = ? OR parent_code = ?) AND year BETWEEN ? AND ?
ORDER BY org_code <> ?, org_code, year
