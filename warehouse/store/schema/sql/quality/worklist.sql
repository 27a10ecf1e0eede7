WITH asked AS (
    SELECT row_number() OVER () AS n, try_cast(replace(f.value, ',', '') AS DOUBLE) AS number, u.org_level,
           coalesce(f.org_code, f.unit_code) AS node,
           coalesce(f.scope, 'row') AS kind,
           abs(try_cast(regexp_extract(f.operands, 'total=([-0-9.]+)', 1) AS DOUBLE)
               - try_cast(regexp_extract(f.operands, 'sum=([-0-9.]+)', 1) AS DOUBLE)) AS difference, f.*
    FROM quality.finding_latest AS f
    LEFT JOIN core.org_unit AS u ON u.org_code = coalesce(f.org_code, f.unit_code)
         AND f.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
    WHERE severity <> 'info' AND finding_status <> 'accepted' AND NOT is_folded
), touched AS (
    SELECT DISTINCT a.n, a.year, a.number, a.difference, a.kind, a.node, a.org_level, u.measure, u.indicator,
           u.is_count AND a.field IS NOT NULL AS is_row, a.kind = 'unit' OR a.org_code IS NULL AS is_sum
    FROM asked AS a
    JOIN mart.use AS u ON u.is_published AND u.form = a.form AND (u.field = a.field OR (a.field IS NULL AND u.field = u.measure))
                      AND (NOT u.is_count OR a.org_code IS NULL OR list_contains(u.levels, a.org_level))
), place AS (
    SELECT DISTINCT n, year, node, org_level, measure, is_sum FROM touched WHERE NOT is_row AND kind <> 'total'
), before AS (
    SELECT p.n, p.measure, CASE WHEN p.is_sum AND p.org_level <> 'city' THEN b.value ELSE b.own_value END AS value
    FROM place AS p
    JOIN core.previous AS b ON b.year = p.year AND b.org_code = p.node AND b.measure = p.measure
), level AS MATERIALIZED (  -- all values of a measure in one pass: of a country there are millions
    SELECT year, measure, org_level, bool_or(state = 'suppressed') AS is_hidden, median(value) AS middle, sum(value) AS sum
    FROM core.measure WHERE list_contains((SELECT list(DISTINCT measure) FROM touched), measure) GROUP BY year, measure, org_level
), peer AS (
    SELECT year, measure, org_level, CASE WHEN NOT is_hidden THEN middle END AS value FROM level
), total AS (
    SELECT year, measure, CASE WHEN NOT bool_or(is_hidden) THEN sum(sum) END AS value FROM level GROUP BY year, measure
), complete AS (
    SELECT e.year, bool_and(t.submission IS NOT NULL) AS is_complete
    FROM core.expected_report AS e LEFT JOIN quality.standing AS t ON t.unit_code = e.unit_code AND t.year = e.year
    GROUP BY e.year
), moved AS (
    SELECT t.n, t.indicator, b.value AS previous_value,
           100.0 * CASE WHEN t.is_row THEN 1
                        WHEN t.kind = 'total' THEN t.difference
                        ELSE coalesce(abs(t.number - b.value),
                                      CASE WHEN NOT t.is_sum THEN abs(t.number - p.value) END,
                                      abs(t.number), b.value, CASE WHEN NOT t.is_sum THEN p.value END) END
           / nullif(CASE WHEN c.is_complete AND now.value > 0 THEN now.value
                         ELSE greatest(now.value, past.value) END, 0) AS effect_pct
    FROM touched AS t
    LEFT JOIN before AS b ON b.n = t.n AND b.measure = t.measure
    LEFT JOIN peer AS p ON p.year = t.year AND p.measure = t.measure AND p.org_level = t.org_level
    LEFT JOIN total AS now ON now.year = t.year AND now.measure = t.measure
    LEFT JOIN total AS past ON past.year = t.year - 1 AND past.measure = t.measure
    LEFT JOIN complete AS c ON c.year = t.year
), worst AS (
    SELECT n, max(effect_pct) AS effect_pct, arg_max(indicator, effect_pct) AS indicator,
           arg_max(previous_value, effect_pct) AS previous_value
    FROM moved GROUP BY n
)
SELECT a.year, a.unit_code, a.unit_name, a.severity, a.finding_status, w.effect_pct, w.indicator, a.form, a.rule,
       a.org_code, a.org_name, a.item, a.field, a.sheet, a.cell, a.value, w.previous_value, a.message, a.fix,
       a.first_seen, a.nights_open, a.explanation, a.text, a.reason, a.submission, a.file_name
FROM asked AS a LEFT JOIN worst AS w ON w.n = a.n
LEFT JOIN (SELECT name, rowid AS place FROM mart.dictionary WHERE kind = 'form') AS f ON f.name = a.form
ORDER BY w.effect_pct DESC NULLS LAST, list_position(['critical', 'warning', 'info'], a.severity), a.unit_code,
         f.place NULLS FIRST, try_cast(regexp_extract(a.cell, '\d+$') AS INTEGER), a.cell
