CREATE OR REPLACE TEMP TABLE held_otherwise AS
WITH missing AS (
    SELECT year, org_code, indicator, state = $1 AS is_said
    FROM mart.indicator_log
    WHERE known_to IS NULL AND state IN ('not_reported', $1) AND NOT list_contains($2, indicator)
), held AS (
    SELECT DISTINCT m.year, m.org_code, m.indicator
    FROM missing AS m JOIN temp.held_source AS s ON s.indicator = m.indicator
    SEMI JOIN temp.held_node AS n ON n.year = m.year AND n.org_code = m.org_code AND n.unit_level = s.unit_level
)
SELECT m.year, m.org_code, m.indicator
FROM missing AS m LEFT JOIN held AS h ON h.year = m.year AND h.org_code = m.org_code AND h.indicator = m.indicator
WHERE m.is_said <> (h.indicator IS NOT NULL)
