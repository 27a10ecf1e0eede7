SELECT * EXCLUDE (is_hidden) REPLACE (
           CASE WHEN is_hidden THEN '*' ELSE text END AS text)
FROM (SELECT t.*, t.reason <> 'cover' AND t.form IN (SELECT form FROM whole.mart.dictionary
             WHERE kind = 'measure' AND disclosure = 'protected') AS is_hidden
      FROM whole.quality.unread AS t)
