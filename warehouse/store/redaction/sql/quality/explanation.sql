SELECT * EXCLUDE (is_hidden, token) REPLACE (
           CASE WHEN is_hidden THEN token ELSE operands END AS operands,
           CASE WHEN is_hidden THEN '*' ELSE text END AS text,
           CASE WHEN is_hidden AND reason IS NOT NULL THEN '*' ELSE reason END AS reason)
FROM (SELECT t.*, t.explanation IN (FROM hidden_explanation) AS is_hidden, o.token
      FROM whole.quality.explanation AS t
      LEFT JOIN hidden_operands AS o ON o.finding = t.finding AND o.operands = t.operands)
