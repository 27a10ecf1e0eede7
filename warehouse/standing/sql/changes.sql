WITH pair AS (
    SELECT submission, previous, year FROM quality.submission
    WHERE list_contains(?, submission) AND previous IS NOT NULL
), unreadable AS (  -- what stood in a cell that could not be read, which is no value
    SELECT submission, sheet, cell, any_value(value) AS raw FROM quality.finding
    WHERE rule IN ('conform.unreadable_number', 'conform.unreadable_date', 'conform.unreadable_boolean',
                   'conform.unknown_code')
    GROUP BY submission, sheet, cell
), said AS (
    SELECT o.*, CASE o.state WHEN 'not_applicable' THEN '不适用' WHEN 'not_reported' THEN w.raw
                ELSE coalesce(o.text, CASE WHEN o.value = round(o.value) AND abs(o.value) < 1e15
                                           THEN CAST(CAST(o.value AS BIGINT) AS VARCHAR)
                                           ELSE CAST(o.value AS VARCHAR) END) END AS said
    FROM core.observation_log AS o
    LEFT JOIN unreadable AS w ON w.submission = o.submission AND w.sheet = o.sheet AND w.cell = o.cell
    WHERE o.submission IN (SELECT submission FROM pair UNION SELECT previous FROM pair)
    -- A unit that a sheet lists again and again is compared where it stands first, and not each row with each.
    QUALIFY row_number() OVER (PARTITION BY o.submission, o.form, o.org_code, o.item, o.field ORDER BY o.row) = 1
), old AS (
    SELECT p.submission AS later, p.year AS of_year, s.* FROM pair AS p JOIN said AS s ON s.submission = p.previous
), new AS (
    SELECT p.submission AS later, p.year AS of_year, s.* FROM pair AS p JOIN said AS s ON s.submission = p.submission
), differing AS (
    SELECT coalesce(n.later, o.later) AS submission, coalesce(n.of_year, o.of_year) AS year,
           coalesce(n.form, o.form) AS form,
           coalesce(n.sheet, o.sheet) AS sheet, coalesce(n.cell, o.cell) AS cell,
           coalesce(n.row, o.row) AS row, coalesce(n.org_code, o.org_code) AS org_code,
           coalesce(n.item, o.item) AS item, coalesce(n.field, o.field) AS field,
           o.said AS old, n.said AS new
    FROM new AS n
    FULL JOIN old AS o ON o.later = n.later AND o.form = n.form AND o.org_code = n.org_code
                       AND o.item = n.item AND o.field = n.field
    WHERE n.said IS DISTINCT FROM o.said
)
SELECT d.*, u.org_name, count(*) OVER (PARTITION BY d.submission) AS change_count
FROM differing AS d
LEFT JOIN (SELECT org_code, arg_max(org_name, coalesce(valid_to, 9999)) AS org_name FROM core.org_unit GROUP BY org_code) AS u
  ON u.org_code = d.org_code
QUALIFY row_number() OVER (PARTITION BY d.submission ORDER BY list_position(?, d.form), d.row, d.cell) <= ?
ORDER BY d.submission, list_position(?, d.form), d.row, d.cell
