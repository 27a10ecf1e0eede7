-- Measures of which other rows stand than those that the known numbers were computed from.
WITH known AS (
    SELECT submission FROM quality.standing_log WHERE known_to IS NULL
), gone AS (
    FROM known EXCEPT SELECT submission FROM quality.standing
), come AS (
    SELECT submission FROM quality.standing EXCEPT FROM known
), before AS (
    SELECT * EXCLUDE submission FROM core.measure_log SEMI JOIN gone USING (submission)
), now AS (
    SELECT * EXCLUDE submission FROM core.measure_log SEMI JOIN come USING (submission)
)
SELECT DISTINCT measure
FROM ((FROM now EXCEPT FROM before) UNION ALL (FROM before EXCEPT FROM now))
ORDER BY measure
