SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN is_hidden THEN 'suppressed' ELSE state END AS state,
           CASE WHEN NOT is_hidden THEN value END AS value,
           CASE WHEN NOT is_hidden THEN numerator END AS numerator,
           CASE WHEN NOT is_hidden THEN denominator END AS denominator)
FROM (SELECT t.*, coalesce(t.value, t.numerator, t.denominator) IS NOT NULL
             AND (t.year, t.org_code, t.indicator) IN (FROM hidden_redrawn) AS is_hidden
      FROM whole.mart.redrawn AS t)
