SELECT l.*
FROM quality.finding_latest AS l
JOIN quality.submission AS s ON s.submission = l.submission AND s.file_state NOT IN ('empty', 'refused')
WHERE l.severity <> 'info' AND l.finding_status <> 'accepted' AND NOT l.is_folded
  AND l.unit_code IS NOT NULL AND l.year IS NOT NULL
ORDER BY l.unit_code, l.year
