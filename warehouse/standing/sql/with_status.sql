WITH asked AS (
    SELECT *, rowid AS number FROM quality.finding WHERE list_contains(?, submission)
), history AS MATERIALIZED (  -- once: it is the costly part of a night with very many findings
    SELECT unit_code, year, place, finding_status, text, reason FROM quality.finding_history
)
SELECT f.*, coalesce(CASE WHEN s.is_latest THEN h.finding_status END, 'open') AS finding_status,
       CASE WHEN s.is_latest THEN h.text END AS text, CASE WHEN s.is_latest THEN h.reason END AS reason,
       NOT EXISTS (FROM quality.finding AS p WHERE p.submission = s.previous AND p.place = f.place) AS is_new,
       -- One explanation answers for all that follows; only what blocks comes up once it is accepted.
       f.follows IS NOT NULL AND (coalesce(CASE WHEN s.is_latest THEN b.finding_status END, 'open')
                                  IN ('open', 'reopened', 'explained')
                                  OR (b.finding_status = 'accepted' AND f.severity <> 'critical')) AS is_folded
FROM asked AS f
JOIN quality.submission AS s ON s.submission = f.submission AND s.file_state <> 'empty'
LEFT JOIN history AS h
  ON h.unit_code = f.unit_code AND h.year = f.year AND h.place = f.place
LEFT JOIN history AS b
  ON b.unit_code = f.unit_code AND b.year = f.year AND b.place = f.follows
ORDER BY f.number
