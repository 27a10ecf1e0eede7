WITH effect AS (
    SELECT submission, form, rule, org_code, org_name, item, field, sheet, cell, max(effect_pct) AS effect_pct
    FROM quality.worklist GROUP BY ALL
)
SELECT l.*, e.effect_pct
FROM quality.finding_latest AS l
JOIN quality.submission AS s ON s.submission = l.submission AND s.file_state NOT IN ('empty', 'refused')
LEFT JOIN effect AS e
  ON e.submission = l.submission AND e.rule = l.rule AND e.form IS NOT DISTINCT FROM l.form
     AND e.org_code IS NOT DISTINCT FROM l.org_code AND e.org_name IS NOT DISTINCT FROM l.org_name
     AND e.item IS NOT DISTINCT FROM l.item AND e.field IS NOT DISTINCT FROM l.field
     AND e.sheet IS NOT DISTINCT FROM l.sheet AND e.cell IS NOT DISTINCT FROM l.cell
WHERE l.severity <> 'info' AND l.finding_status <> 'accepted' AND NOT l.is_folded
  AND l.unit_code IS NOT NULL AND l.year IS NOT NULL
ORDER BY l.unit_code, l.year
