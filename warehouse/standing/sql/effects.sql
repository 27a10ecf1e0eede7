SELECT submission, form, rule, org_code, org_name, item, field, sheet, cell, max(effect_pct) AS effect_pct
FROM quality.worklist GROUP BY ALL
