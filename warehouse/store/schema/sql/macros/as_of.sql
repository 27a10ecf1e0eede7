SELECT year, org_code, org_name, org_level, parent_code, programme, indicator, name_zh, kind, value, state, unit, numerator,
       denominator, reported_count, expected_count, coverage_pct, peer_count, maturity, is_published, known_from,
       CAST(NULL AS TIMESTAMP) AS known_to
FROM mart.indicator_log
WHERE known_from <= moment_of(moment) AND (known_to IS NULL OR known_to > moment_of(moment))
