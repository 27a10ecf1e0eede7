SELECT o.submission, o.year, o.org_code, o.org_level, o.item, o.field, o.state, o.value, o.text, o.sheet, o.row,
       o.cell, n.raw, s.file_name, s.received_at
FROM core.observation AS o
JOIN quality.submission_log AS s ON s.submission = o.submission
LEFT JOIN (SELECT submission, sheet, cell, any_value(raw) AS raw FROM quality.note
           WHERE form = {form} GROUP BY submission, sheet, cell) AS n
       ON n.submission = o.submission AND n.sheet = o.sheet AND n.cell = o.cell
WHERE o.form = {form} AND o.field IN ({fields}) AND o.year IN ({years})
