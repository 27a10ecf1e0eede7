WITH held AS (
    SELECT year, unit_code, unit_level FROM mart.reporting WHERE report_state = 'held'
), node AS (
    SELECT h.year, h.unit_level, a.source_code AS org_code
    FROM held AS h
    JOIN core.contribution AS a ON a.year = h.year AND a.source_year = h.year AND a.node = h.unit_code
    WHERE h.unit_level = 'county' OR a.source_code = h.unit_code
    UNION
    SELECT h.year, h.unit_level, a.node
    FROM held AS h
    JOIN core.contribution AS a ON a.year = h.year AND a.source_year = h.year AND a.source_code = h.unit_code
), concerned AS (
    SELECT DISTINCT n.year, n.org_code, s.indicator FROM node AS n JOIN sources AS s ON s.unit_level = n.unit_level
)
UPDATE temp.staged_indicator AS i SET state = ?
FROM concerned AS c
WHERE i.state = 'not_reported' AND c.year = i.year AND c.org_code = i.org_code AND c.indicator = i.indicator
