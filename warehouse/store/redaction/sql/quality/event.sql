-- An explanation is told with the numbers it is bound to, a decision on it with its number; a mended line may have been one.
SELECT * EXCLUDE (is_hidden) REPLACE (CASE WHEN is_hidden THEN '{"suppressed":true}' ELSE payload END AS payload)
FROM (SELECT t.*, coalesce(CASE t.event WHEN 'explained' THEN t.seq
                                        ELSE try_cast(t.payload ->> 'explanation' AS BIGINT) END
                           IN (FROM hidden_explanation), false) OR t.event = 'mended' AS is_hidden
      FROM whole.quality.event AS t)
