SELECT s.submission, s.unit_code, s.year, s.received_seq, s.received_at,
       ARRAY(SELECT DISTINCT f.rule FROM quality.finding AS f
             WHERE f.submission = s.submission AND f.severity = 'critical') AS critical_rules
FROM quality.submission_log AS s
WHERE s.decision <> 'refused' AND s.year IS NOT NULL AND list_contains(?, s.unit_code)
ORDER BY s.received_seq
