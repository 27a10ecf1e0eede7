-- Measures of which other rows stand than those that the known numbers were computed from. A row that stood and stands counts
-- once each way.
WITH known AS (
    SELECT submission FROM quality.standing_log WHERE known_to IS NULL
), other AS (
    SELECT submission, -1 AS way FROM (FROM known EXCEPT SELECT submission FROM quality.standing)
    UNION ALL
    SELECT submission, 1 FROM (SELECT submission FROM quality.standing EXCEPT FROM known)
)
SELECT DISTINCT measure
FROM (
    SELECT measure
    FROM core.measure_log JOIN other USING (submission)
    GROUP BY unit_code, year, org_code, measure, state, value
    HAVING sum(way) <> 0
)
ORDER BY measure
