WITH doubted AS (
    SELECT unit_code, arg_max(year, received_seq) AS doubted_year FROM quality.submission
    WHERE rule = 'held.year_doubted' GROUP BY unit_code
)
SELECT r.* EXCLUDE (unit_name, unit_level), r.submission = t.submission AS is_standing,
       t.submission IS NOT NULL AS has_standing, l.rule,
       CASE WHEN r.year = ? THEN d.doubted_year END AS doubted_year,
       EXISTS (FROM quality.event AS e WHERE e.event = 'approved' AND e.submission = t.submission) AS is_approved
FROM mart.reporting AS r
LEFT JOIN quality.standing AS t ON t.unit_code = r.unit_code AND t.year = r.year
LEFT JOIN quality.submission AS l ON l.submission = r.submission
LEFT JOIN doubted AS d ON d.unit_code = r.unit_code
WHERE r.year = ?
