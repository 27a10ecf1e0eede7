SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN NOT is_hidden THEN comparable_value END AS comparable_value,
           CASE WHEN NOT is_hidden THEN previous_value END AS previous_value)
FROM (SELECT t.*, (t.year, t.org_code, t.indicator) IN (FROM hidden_comparison) AS is_hidden
      FROM whole.mart.comparison AS t)
