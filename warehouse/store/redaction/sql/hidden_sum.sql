-- Sums that are hidden, or would tell a hidden one, as a later year sees them: those of the year itself, and those of today's
-- units that are not made of the same parts (a unit less a hidden one that has left it tells of that one).
CREATE TEMP TABLE hidden_cell AS SELECT year, org_code, measure FROM core.suppressed;

CREATE TEMP TABLE seen AS SELECT DISTINCT year FROM core.contribution;

CREATE TEMP TABLE place AS  -- every unit of a year, and the units it belongs to, itself among them
SELECT year, node, source_code FROM core.contribution WHERE year = source_year;

CREATE TEMP TABLE counted AS  -- which sums of a year's units hold a hidden cell, and which held it then
WITH carried AS (
    SELECT s.year, c.year AS source_year, c.org_code AS source_code, c.measure,
           coalesce(h.org_code, c.org_code) AS org_code, coalesce(h.share, 1.0) AS share
    FROM hidden_cell AS c JOIN seen AS s ON s.year >= c.year
    LEFT JOIN core.heir AS h ON h.year = s.year AND h.source_year = c.year AND h.source_code = c.org_code
), now AS (
    SELECT c.year, c.source_year, c.source_code, c.measure, p.node, sum(c.share) AS share
    FROM carried AS c JOIN place AS p ON p.year = c.year AND p.source_code = c.org_code
    GROUP BY ALL
), was AS (
    SELECT s.year, c.year AS source_year, c.org_code AS source_code, c.measure, p.node, 1.0 AS share
    FROM hidden_cell AS c JOIN seen AS s ON s.year >= c.year
    JOIN place AS p ON p.year = c.year AND p.source_code = c.org_code
)
SELECT year, node AS org_code, source_year, source_code, measure,
       abs(coalesce(now.share, 0) - coalesce(was.share, 0)) > 1e-9 AS is_moved
FROM now FULL JOIN was USING (year, source_year, source_code, measure, node);

CREATE TEMP TABLE hidden_sum AS
SELECT s.year, c.org_code, c.year AS source_year, c.measure FROM hidden_cell AS c JOIN seen AS s ON s.year >= c.year
UNION
SELECT year, org_code, source_year, measure FROM counted WHERE is_moved;
