-- Whose numbers a held report would change: its unit with all below it (the city's own row: it alone), and all above.
CREATE OR REPLACE TEMP TABLE held_node AS
WITH held AS (
    SELECT year, unit_code, unit_level FROM mart.reporting WHERE report_state = 'held'
)
SELECT h.year, h.unit_level, a.source_code AS org_code
FROM held AS h
JOIN core.contribution AS a ON a.year = h.year AND a.source_year = h.year AND a.node = h.unit_code
WHERE h.unit_level = 'county' OR a.source_code = h.unit_code
UNION
SELECT h.year, h.unit_level, a.node
FROM held AS h
JOIN core.contribution AS a ON a.year = h.year AND a.source_year = h.year AND a.source_code = h.unit_code
