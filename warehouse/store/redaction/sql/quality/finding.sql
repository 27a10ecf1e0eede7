SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN NOT is_hidden THEN value END AS value,
           CASE WHEN NOT is_hidden THEN operands END AS operands,
           CASE WHEN NOT is_hidden THEN suggestion END AS suggestion,
           CASE WHEN NOT is_hidden THEN likely END AS likely,
           CASE WHEN is_hidden THEN '涉及个别家庭的计数，所涉数字不公布，见填报单位的回执和更正表。' ELSE message END AS message)
FROM (SELECT t.*, t.finding IN (FROM hidden_finding) AS is_hidden
      FROM whole.quality.finding AS t)
