WITH filled AS (
    SELECT DISTINCT submission, org_code FROM core.observation_log WHERE state IN ('value', 'zero', 'suppressed')
), said AS (
    FROM filled
    UNION ALL
    SELECT s.submission, s.unit_code FROM quality.submission_log AS s ANTI JOIN filled AS f USING (submission)
    WHERE s.filled_count > 0
), told AS (
    SELECT s.year, s.unit_code, f.org_code, arg_min(s.received_at, s.received_seq) AS reported_at,
           bool_or(t.submission IS NOT NULL) AS is_accepted
    FROM quality.submission_log AS s
    JOIN said AS f ON f.submission = s.submission
    LEFT JOIN quality.standing AS t ON t.submission = s.submission
    WHERE s.decision <> 'refused'
    GROUP BY s.year, s.unit_code, f.org_code
)
SELECT t.year, t.unit_code, t.org_code, t.reported_at,
       coalesce(try_cast(left(t.reported_at, 10) AS DATE) <= e.due_date, false) AS is_on_time, t.is_accepted
FROM told AS t JOIN core.expected_report AS e ON e.unit_code = t.unit_code AND e.year = t.year
