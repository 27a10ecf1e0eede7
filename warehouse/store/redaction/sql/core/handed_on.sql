SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN NOT is_hidden THEN share END AS share,
           CASE WHEN NOT is_hidden THEN value END AS value)
FROM (SELECT t.*, (t.source_year, t.source_code, t.measure) IN (FROM hidden_cell) AS is_hidden
      FROM whole.core.handed_on AS t)
