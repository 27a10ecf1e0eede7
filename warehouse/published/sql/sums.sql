SELECT org_code, false AS is_own, measure, value, state, reported_count, expected_count
FROM core.rollup
WHERE year = ? AND org_level IN ('city', 'county', 'township')
UNION ALL
SELECT org_code, true, measure, value, state, NULL, NULL
FROM core.measure
WHERE year = ? AND org_code = ?
ORDER BY ALL
