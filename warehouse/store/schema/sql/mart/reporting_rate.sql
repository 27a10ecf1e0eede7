WITH counted AS (
    SELECT year, count(*) AS expected_count, count(*) FILTER (is_reported) AS reported_count,
           count(*) FILTER (is_on_time) AS on_time_count, count(*) FILTER (is_accepted) AS accepted_count
    FROM mart.reporting GROUP BY year
)
SELECT *, 100.0 * reported_count / expected_count AS reporting_rate_pct,
       100.0 * on_time_count / expected_count AS on_time_rate_pct,
       100.0 * accepted_count / expected_count AS accepted_rate_pct
FROM counted
