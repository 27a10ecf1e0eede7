WITH submission AS MATERIALIZED (
    FROM quality.submission
), received AS (
    SELECT year, unit_code, bool_or(file_state = 'empty') AS has_empty FROM submission GROUP BY year, unit_code
), told AS (  -- a unit has reported with its first file that says something; of its places quality.reported tells
    SELECT year, unit_code, arg_min(received_at, received_seq) AS reported_at, bool_or(is_standing) AS is_accepted
    FROM submission WHERE file_state NOT IN ('empty', 'refused') GROUP BY year, unit_code
)
SELECT e.year, e.unit_code, e.unit_name, e.unit_level, e.due_date,
       CASE WHEN t.is_accepted THEN 'accepted' WHEN t.year IS NOT NULL THEN 'held'
            WHEN r.has_empty THEN 'empty' WHEN r.year IS NOT NULL THEN 'refused'
            ELSE 'not_received' END AS report_state,
       s.file_state AS last_file_state, t.year IS NOT NULL AS is_reported,
       CASE WHEN t.year IS NOT NULL THEN coalesce(try_cast(left(t.reported_at, 10) AS DATE) <= e.due_date, false) END AS is_on_time,
       coalesce(t.is_accepted, false) AS is_accepted, t.reported_at,
       s.decision, s.reason, s.submission, s.file_name, s.received_at,
       coalesce(l.critical_count, 0) AS critical_count, coalesce(l.warning_count, 0) AS warning_count,
       coalesce(l.info_count, 0) AS info_count
FROM core.expected_report AS e
LEFT JOIN told AS t ON t.unit_code = e.unit_code AND t.year = e.year
LEFT JOIN received AS r ON r.unit_code = e.unit_code AND r.year = e.year
LEFT JOIN submission AS s ON s.unit_code = e.unit_code AND s.year = e.year AND s.is_last_file
LEFT JOIN submission AS l ON l.unit_code = e.unit_code AND l.year = e.year AND l.is_latest
