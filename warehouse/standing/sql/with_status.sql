WITH status AS MATERIALIZED (  -- once: it is the costly part of a night with very many findings
    SELECT DISTINCT submission, finding, finding_status, text, reason, is_folded FROM quality.finding_latest
), said AS (
    SELECT unit_code, year + 1 AS year, form, rule, org_code, item, field, arg_max(text, explanation) AS text
    FROM quality.explanation WHERE decision = 'accepted' GROUP BY ALL
), heir AS (
    SELECT year, org_code, source_code FROM core.contribution WHERE source_year = year - 1 AND node = org_code
), draft AS (  -- what was accepted as explanation of the same question last year, of the units it was then
    SELECT coalesce(u.org_code, s.unit_code) AS unit_code, s.year, s.form, s.rule,
           coalesce(o.org_code, s.org_code) AS org_code, s.item, s.field,
           string_agg(DISTINCT s.text, '；' ORDER BY s.text) AS text
    FROM said AS s
    LEFT JOIN heir AS u ON u.year = s.year AND u.source_code = s.unit_code
    LEFT JOIN heir AS o ON o.year = s.year AND o.source_code = s.org_code
    GROUP BY ALL
)
SELECT f.*, coalesce(l.finding_status, 'open') AS finding_status, l.text, l.reason,
       NOT EXISTS (FROM quality.finding AS p WHERE p.submission = s.previous AND p.finding = f.finding) AS is_new,
       coalesce(l.is_folded, f.follows IS NOT NULL) AS is_folded,
       d.text AS draft,
       EXISTS (FROM quality.explanation AS e
               WHERE e.finding = f.finding AND e.operands <> f.operands) AS had_explanation
FROM quality.finding AS f
JOIN quality.submission AS s ON s.submission = f.submission AND s.file_state <> 'empty'
LEFT JOIN status AS l ON l.submission = f.submission AND l.finding = f.finding
LEFT JOIN draft AS d
  ON d.unit_code = f.unit_code AND d.year = f.year AND d.form = coalesce(f.form, '') AND d.rule = f.rule
     AND d.org_code = coalesce(f.org_code, f.org_name, '') AND d.item = coalesce(f.item, '')
     AND d.field = coalesce(f.field, '')
WHERE list_contains(?, f.submission)
ORDER BY f.rowid
