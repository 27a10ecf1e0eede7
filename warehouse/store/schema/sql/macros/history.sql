SELECT i.year, i.org_code, i.org_name, i.indicator, i.name_zh, i.value, i.state, i.unit, i.numerator, i.denominator,
       i.coverage_pct, i.maturity, i.known_from, i.known_to, r.run, r.code_version, r.catalogue_version,
       (SELECT string_agg(n.release, '、' ORDER BY n.released_at) FROM mart.release AS n
        WHERE n.released_at >= i.known_from AND (i.known_to IS NULL OR n.released_at < i.known_to)) AS release
FROM mart.indicator_log AS i
LEFT JOIN quality.run AS r ON r.published_at = i.known_from
WHERE i.indicator = indicator_id AND i.org_code = CAST(code AS VARCHAR) AND i.year = report_year
ORDER BY i.known_from
