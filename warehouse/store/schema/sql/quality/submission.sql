WITH found AS (
    SELECT submission,
           count(*) FILTER (severity = 'critical') AS critical_count,
           count(*) FILTER (severity = 'warning') AS warning_count,
           count(*) FILTER (severity = 'info') AS info_count
    FROM quality.finding GROUP BY submission
), noted AS (
    SELECT submission, count(*) AS note_count FROM quality.note GROUP BY submission
), names AS (
    SELECT unit_code, arg_max(unit_name, year) AS unit_name FROM core.expected_report GROUP BY unit_code
)
SELECT s.submission, s.submission AS sha256, s.file_name, s.unit_code, names.unit_name, s.year,
       s.received_seq, s.received_at, s.run, s.status, s.decision,
       CASE WHEN s.decision <> 'refused' AND s.filled_count = 0 THEN 'empty' ELSE s.decision END AS file_state,
       s.reason, s.rule, turn.previous, t.submission IS NOT NULL AS is_standing,
       coalesce(turn.turn = turn.last_turn, false) AS is_latest,
       CASE WHEN s.unit_code IS NOT NULL AND s.year IS NOT NULL
            THEN s.received_seq = max(s.received_seq) OVER (PARTITION BY s.unit_code, s.year)
            ELSE false END AS is_last_file,
       s.filled_count,
       coalesce(found.critical_count, 0) AS critical_count,
       coalesce(found.warning_count, 0) AS warning_count,
       coalesce(found.info_count, 0) AS info_count,
       coalesce(noted.note_count, 0) AS note_count
FROM quality.submission_log AS s
LEFT JOIN quality.standing AS t ON t.submission = s.submission
LEFT JOIN quality.turn AS turn ON turn.submission = s.submission
LEFT JOIN found ON found.submission = s.submission
LEFT JOIN noted ON noted.submission = s.submission
LEFT JOIN names ON names.unit_code = s.unit_code
