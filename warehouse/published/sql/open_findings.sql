SELECT f.severity, f.year, f.rule, any_value(r.meaning) AS meaning, f.unit_code, any_value(f.unit_name) AS unit_name,
       count(*) AS count, count(*) FILTER (f.finding_status = 'explained') AS explained_count
FROM quality.finding_latest AS f
LEFT JOIN quality.rule AS r ON r.rule = f.rule
WHERE f.finding_status IN ('open', 'explained', 'reopened') AND NOT f.is_folded
GROUP BY f.severity, f.year, f.rule, f.unit_code
ORDER BY list_position(['critical', 'warning', 'info'], f.severity), f.year DESC, count DESC, f.rule, f.unit_code
