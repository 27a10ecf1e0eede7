WITH nights AS (
    FROM quality.run ORDER BY published_at DESC LIMIT ?
), asked AS (
    SELECT severity, first_seen::TIMESTAMPTZ AS since, closed_at::TIMESTAMPTZ AS until FROM quality.finding_history
)
SELECT n.run, n.started_at, n.published_at, n.submission_count, n.accepted_count, n.held_count, n.refused_count, n.finding_count,
       count(a.since) FILTER (a.severity = 'critical') AS open_critical_count,
       count(a.since) FILTER (a.severity = 'warning') AS open_warning_count
FROM nights AS n
LEFT JOIN asked AS a ON a.since <= n.finished_at::TIMESTAMPTZ AND (a.until IS NULL OR a.until > n.finished_at::TIMESTAMPTZ)
GROUP BY ALL
ORDER BY n.published_at DESC
