WITH told AS (
    SELECT year, org_code, bool_or(is_on_time) AS is_on_time, bool_or(is_accepted) AS is_accepted
    FROM quality.reported GROUP BY year, org_code
), counted AS (
    SELECT a.year, a.node, count(*) AS expected_count, count(t.org_code) AS reported_count,
           count(*) FILTER (t.is_on_time) AS on_time_count, count(*) FILTER (t.is_accepted) AS accepted_count
    FROM core.contribution AS a LEFT JOIN told AS t ON t.year = a.year AND t.org_code = a.source_code
    WHERE a.source_year = a.year
    GROUP BY a.year, a.node
)
SELECT c.year, c.node AS org_code, u.org_name, u.org_level, c.expected_count, c.reported_count,
       c.on_time_count, c.accepted_count, 100.0 * c.reported_count / c.expected_count AS reporting_rate_pct,
       100.0 * c.on_time_count / c.expected_count AS on_time_rate_pct,
       100.0 * c.accepted_count / c.expected_count AS accepted_rate_pct
FROM counted AS c
JOIN core.org_unit AS u ON u.org_code = c.node
     AND c.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
