SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN NOT is_hidden THEN raw END AS raw,
           CASE WHEN NOT is_hidden THEN value END AS value)
FROM (SELECT t.*, (t.submission, t.sheet, t.cell) IN (SELECT (submission, sheet, cell) FROM whole.core.observation_log
             WHERE (year, org_code, field) IN (FROM hidden_cell) OR (submission, field) IN (FROM hidden_measure_of_file)) AS is_hidden
      FROM whole.quality.note AS t)
