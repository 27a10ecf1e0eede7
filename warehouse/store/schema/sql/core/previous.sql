SELECT c.year, c.node AS org_code, m.measure,  -- with a part that is not published, the sum is not, either
       CASE WHEN NOT bool_or(m.state = 'suppressed') THEN sum(coalesce(h.value, m.value * c.share)) END AS value,
       CASE WHEN NOT bool_or(m.state = 'suppressed') FILTER (c.is_own)
            THEN sum(coalesce(h.value, m.value * c.share)) FILTER (c.is_own) END AS own_value
FROM core.contribution AS c
JOIN core.measure AS m ON m.year = c.source_year AND m.org_code = c.source_code AND m.state IN ('value', 'zero', 'suppressed')
LEFT JOIN core.handed_on AS h
  ON h.year = c.year AND h.source_year = c.source_year AND h.source_code = c.source_code AND h.org_code = c.org_code AND h.measure = m.measure
WHERE c.source_year = c.year - 1
GROUP BY c.year, c.node, m.measure
