-- A unit may send hundreds of times: what is gone is compared where it went and as it is now, and not in every turn between.
WITH seen AS (
    SELECT *, lead(turn) OVER (PARTITION BY unit_code, year, finding ORDER BY turn) AS seen_again
    FROM (SELECT DISTINCT t.unit_code, t.year, f.finding, t.turn, t.last_turn
          FROM quality.finding AS f JOIN quality.turn AS t ON t.submission = f.submission)
), absent_in AS (
    SELECT unit_code, year, finding, turn AS seen_turn, turn + 1 AS turn
    FROM seen WHERE turn < last_turn AND seen_again IS DISTINCT FROM turn + 1
    UNION
    SELECT unit_code, year, finding, turn AS seen_turn, last_turn AS turn
    FROM seen WHERE turn < last_turn AND seen_again IS NULL
), absent AS (
    SELECT t.submission, a.* FROM absent_in AS a
    JOIN quality.turn AS t ON t.unit_code = a.unit_code AND t.year = a.year AND t.turn = a.turn
), asked AS (
    SELECT a.submission, t.submission AS earlier, a.finding, f.severity, f.form, coalesce(f.item, '') AS item,
           f.org_code, coalesce(f.org_code, f.unit_code) AS node, f.field AS shown_at, f.value,
           coalesce(r.scope IN ('unit', 'total'), false) AS is_sum, list_append(f.fields, f.field) AS fields
    FROM absent AS a
    JOIN quality.turn AS t ON t.unit_code = a.unit_code AND t.year = a.year AND t.turn = a.seen_turn
    JOIN quality.finding AS f ON f.submission = t.submission AND f.finding = a.finding
    LEFT JOIN quality.rule AS r ON r.rule = f.rule
), cell AS (
    SELECT DISTINCT * EXCLUDE (fields), unnest(fields) AS field FROM asked
), filled AS (
    SELECT o.submission, o.form, o.org_code, o.item, o.field, bool_or(o.state <> 'not_reported') AS is_filled
    FROM core.observation_log AS o
    WHERE o.submission IN (SELECT submission FROM cell UNION ALL SELECT earlier FROM cell)
    GROUP BY o.submission, o.form, o.org_code, o.item, o.field
), blanked AS (
    SELECT DISTINCT c.submission, c.finding
    FROM cell AS c
    LEFT JOIN filled AS old ON old.submission = c.earlier AND old.form = c.form AND old.org_code = c.org_code
                           AND old.item = c.item AND old.field = c.field
    LEFT JOIN filled AS new ON new.submission = c.submission AND new.form = c.form AND new.org_code = c.org_code
                           AND new.item = c.item AND new.field = c.field
    WHERE NOT c.is_sum AND (old.is_filled OR (old.field IS NOT NULL AND c.field = c.shown_at AND c.value <> ''))
      AND (new.is_filled = false OR (new.field IS NULL AND c.item = ''))
    UNION
    SELECT c.submission, c.finding
    FROM cell AS c
    JOIN core.measure_log AS old ON old.submission = c.earlier AND old.measure = c.field
                                AND old.state IN ('value', 'zero', 'suppressed')
    JOIN core.contribution AS a ON a.year = old.year AND a.source_year = a.year
                                 AND a.source_code = old.org_code AND a.node = c.node
    ANTI JOIN core.measure_log AS new ON new.submission = c.submission AND new.measure = c.field
                                     AND new.org_code = old.org_code AND new.state <> 'not_reported'
    WHERE c.is_sum
)
SELECT a.submission, a.unit_code, a.year, a.finding, any_value(k.severity) AS severity, a.turn, a.seen_turn,
       any_value(b.finding) IS NOT NULL AS is_blanked
FROM absent AS a
JOIN asked AS k ON k.submission = a.submission AND k.finding = a.finding
LEFT JOIN blanked AS b ON b.submission = a.submission AND b.finding = a.finding
GROUP BY a.submission, a.unit_code, a.year, a.finding, a.turn, a.seen_turn
