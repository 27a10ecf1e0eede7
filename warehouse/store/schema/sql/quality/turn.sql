SELECT submission, unit_code, year, received_seq, received_at,
       row_number() OVER place AS turn, count(*) OVER (PARTITION BY unit_code, year) AS last_turn,
       lag(submission) OVER place AS previous, lead(received_at) OVER place AS replaced_at
FROM quality.submission_log
WHERE decision <> 'refused' AND unit_code IS NOT NULL AND year IS NOT NULL
  AND rule IS DISTINCT FROM 'held.year_locked' AND rule IS DISTINCT FROM 'held.year_doubted'
  AND filled_count IS DISTINCT FROM 0
WINDOW place AS (PARTITION BY unit_code, year ORDER BY received_seq)
