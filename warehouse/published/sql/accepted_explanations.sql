SELECT e.year, e.unit_code, f.unit_name, e.rule, r.meaning, e.form, e.item, e.field, e.operands,
       coalesce(o.org_name, e.org_code) AS org_name, e.text, e.reason, e.decided_by, e.decided_at
FROM quality.explanation AS e
LEFT JOIN quality.rule AS r ON r.rule = e.rule
LEFT JOIN core.expected_report AS f ON f.unit_code = e.unit_code AND f.year = e.year
LEFT JOIN core.org_unit AS o ON o.org_code = e.org_code
     AND coalesce(o.valid_from, 0) <= e.year AND coalesce(o.valid_to, 9999) >= e.year
WHERE e.decision = 'accepted' AND e.is_current
ORDER BY e.year DESC, e.unit_code, e.explanation
