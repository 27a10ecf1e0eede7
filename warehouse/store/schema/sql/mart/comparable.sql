WITH today AS (
    SELECT max(year) AS year FROM mart.indicator
), place AS (
    SELECT u.* FROM core.org_unit AS u CROSS JOIN today AS t
    WHERE t.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
), number AS (
    SELECT i.* EXCLUDE (is_published, known_from, known_to), false AS is_redrawn FROM mart.indicator AS i
    ANTI JOIN mart.redrawn AS r ON r.year = i.year AND r.org_code = i.org_code AND r.indicator = i.indicator
    UNION ALL BY NAME
    SELECT *, true AS is_redrawn FROM mart.redrawn
), held AS (  -- the number of a unit of today would come from a held report: its own, or that of a unit it carries on
    SELECT DISTINCT i.year, coalesce(h.org_code, i.org_code) AS org_code, i.indicator
    FROM mart.indicator AS i
    LEFT JOIN core.heir AS h ON h.year = (SELECT year FROM today) AND h.source_year = i.year AND h.source_code = i.org_code
    WHERE i.state = 'held'
), published AS (
    SELECT DISTINCT indicator, is_published FROM mart.indicator
)
SELECT n.year, n.org_code, p.org_name, p.org_level, p.parent_code, n.programme, n.indicator, n.name_zh, n.kind, n.value,
       CASE WHEN n.state = 'not_reported' AND w.indicator IS NOT NULL THEN 'held' ELSE n.state END AS state,
       n.unit, n.numerator, n.denominator, n.reported_count, n.expected_count, n.coverage_pct, n.peer_count, n.maturity,
       d.is_published, n.is_redrawn, i.value AS value_as_was
FROM number AS n
JOIN place AS p ON p.org_code = n.org_code
LEFT JOIN published AS d ON d.indicator = n.indicator
LEFT JOIN held AS w ON w.year = n.year AND w.org_code = n.org_code AND w.indicator = n.indicator
LEFT JOIN mart.indicator AS i ON i.year = n.year AND i.org_code = n.org_code AND i.indicator = n.indicator
