SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN NOT is_hidden THEN operands END AS operands,
           CASE WHEN is_hidden THEN '*' ELSE text END AS text,
           CASE WHEN is_hidden AND reason IS NOT NULL THEN '*' ELSE reason END AS reason)
FROM (SELECT t.*, t.explanation IN (FROM hidden_explanation) AS is_hidden
      FROM whole.quality.explanation AS t)
