WITH said AS (
    SELECT unit_code, year + 1 AS year, form, rule, org_code, item, field, arg_max(text, explanation) AS text
    FROM quality.explanation WHERE decision = 'accepted' GROUP BY ALL
), heir AS (
    SELECT year, org_code, source_code FROM core.contribution WHERE source_year = year - 1 AND node = org_code
), became AS (
    SELECT coalesce(u.org_code, s.unit_code) AS unit_code, s.year, s.form, s.rule,
           coalesce(o.org_code, s.org_code) AS org_code, s.item, s.field,
           string_agg(DISTINCT s.text, '；' ORDER BY s.text) AS text
    FROM said AS s
    LEFT JOIN heir AS u ON u.year = s.year AND u.source_code = s.unit_code
    LEFT JOIN heir AS o ON o.year = s.year AND o.source_code = s.org_code
    GROUP BY ALL
)
SELECT l.* REPLACE (coalesce(l.org_code, l.org_name, '') AS org_code, coalesce(l.item, '') AS item), d.text AS draft,
       EXISTS (FROM quality.explanation AS e
               WHERE e.unit_code = l.unit_code AND e.year = l.year AND e.place = l.place
                 AND e.operands <> l.operands) AS had_explanation
FROM quality.finding_latest AS l
LEFT JOIN became AS d
  ON d.unit_code = l.unit_code AND d.year = l.year
     AND {place} = l.place
WHERE list_contains(?, l.submission) AND l.finding_status <> 'accepted' AND NOT l.is_folded
ORDER BY list_position(?, l.severity), list_position(?, l.form) NULLS FIRST, l.sheet,
         try_cast(regexp_extract(l.cell, '\d+$') AS INTEGER), l.cell, l.rule, l.org_code, l.message
