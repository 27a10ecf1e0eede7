SELECT * EXCLUDE (is_hidden, names_hidden, meaning, token) REPLACE (
           CASE WHEN is_hidden AND value IS NOT NULL THEN '*' ELSE value END AS value,
           CASE WHEN is_hidden THEN token ELSE operands END AS operands,
           CASE WHEN NOT is_hidden THEN suggestion END AS suggestion,
           CASE WHEN NOT names_hidden THEN likely END AS likely,
           CASE WHEN NOT is_hidden THEN message
                ELSE coalesce(meaning || '：', '') || '涉及个别家庭的计数，所涉数字不公布，见填报单位的回执和更正表。' END AS message)
FROM (SELECT t.*, t.finding IN (FROM hidden_finding) AS is_hidden,
             t.finding IN (FROM hidden_finding) OR EXISTS (FROM hidden_label AS l WHERE contains(t.likely, l.label)) AS names_hidden,
             rtrim(r.meaning, '。') AS meaning, o.token
      FROM whole.quality.finding AS t
      LEFT JOIN whole.quality.rule AS r ON r.rule = t.rule
      LEFT JOIN hidden_operands AS o ON o.finding = t.finding AND o.operands = t.operands)
