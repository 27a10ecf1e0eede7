SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN is_hidden THEN 'suppressed' ELSE state END AS state,
           CASE WHEN NOT is_hidden THEN value END AS value)
FROM (SELECT t.*, t.value IS NOT NULL AND ((t.year, t.org_code, t.measure) IN (FROM hidden_cell)
                                           OR (t.submission, t.measure) IN (FROM hidden_measure_of_file)) AS is_hidden
      FROM whole.core.measure_log AS t)
