SELECT f.submission, s.file_name, f.unit_code, s.unit_name, f.year, f.finding, f.form, f.rule, r.scope, f.severity,
       coalesce(h.finding_status, 'open') AS finding_status, f.org_code,
       f.org_name, f.item, f.field, f.fields, f.sheet, f.cell, f.value, f.operands, f.message, f.fix, f.suggestion, f.likely,
       f.follows,
       coalesce(b.finding_status IN ('open', 'reopened', 'explained')
                OR (b.finding_status = 'accepted' AND f.severity <> 'critical'), false) AS is_folded,
       h.first_seen, h.nights_open, h.explanation, h.text, h.reason
FROM quality.finding AS f
JOIN quality.submission AS s ON s.submission = f.submission AND s.is_latest
LEFT JOIN quality.finding_history AS h ON h.finding = f.finding
LEFT JOIN quality.finding_history AS b ON b.finding = f.follows
LEFT JOIN quality.rule AS r ON r.rule = f.rule
