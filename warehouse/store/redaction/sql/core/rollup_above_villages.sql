SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN is_hidden THEN 'suppressed' ELSE state END AS state,
           CASE WHEN NOT is_hidden THEN value END AS value)
FROM (SELECT t.*, t.value IS NOT NULL AND (t.year, t.org_code, t.measure) IN (FROM hidden_cell) AS is_hidden
      FROM whole.core.rollup_above_villages AS t)
