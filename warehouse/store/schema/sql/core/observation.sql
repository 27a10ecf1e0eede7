SELECT o.submission, o.unit_code, o.year, o.form, o.org_code, u.org_name, u.org_level, o.item, o.field,
       o.state, o.value, o.text, o.sheet, o.row, o.cell
FROM core.observation_log AS o
JOIN quality.standing AS s ON s.submission = o.submission
LEFT JOIN core.org_unit AS u ON u.org_code = o.org_code
     AND o.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
