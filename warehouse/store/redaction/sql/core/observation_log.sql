SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN is_hidden THEN 'suppressed' ELSE state END AS state,
           CASE WHEN NOT is_hidden THEN value END AS value,
           CASE WHEN NOT is_hidden THEN text END AS text)
FROM (SELECT t.*, (t.value IS NOT NULL OR t.text IS NOT NULL) AND ((t.year, t.org_code, t.field) IN (FROM hidden_cell)
                     OR (t.submission, t.field) IN (FROM hidden_measure_of_file)) AS is_hidden
      FROM whole.core.observation_log AS t)
