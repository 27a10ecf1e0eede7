SELECT m.submission, m.unit_code, m.year, m.org_code, u.org_name, u.org_level, m.measure, m.state, m.value, s.known_from, s.known_to
FROM core.measure_log AS m
JOIN quality.standing_log AS s ON s.submission = m.submission
LEFT JOIN core.org_unit AS u ON u.org_code = m.org_code
     AND m.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
