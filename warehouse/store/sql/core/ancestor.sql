WITH RECURSIVE unit AS (
    SELECT y.year, u.org_code, u.parent_code
    FROM core.org_unit AS u
    JOIN (SELECT DISTINCT year FROM core.expected_report) AS y
      ON y.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
), above AS (
    SELECT year, org_code, org_code AS ancestor_code FROM unit
    UNION ALL
    SELECT a.year, a.org_code, u.parent_code
    FROM above AS a JOIN unit AS u ON u.year = a.year AND u.org_code = a.ancestor_code
    WHERE u.parent_code IS NOT NULL
)
SELECT year, org_code, ancestor_code FROM above
