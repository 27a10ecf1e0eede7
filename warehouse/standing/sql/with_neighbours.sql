WITH gone AS (
    SELECT submission, count(*) FILTER (NOT is_blanked) AS fixed_count,
           count(*) FILTER (is_blanked) AS blanked_count
    FROM quality.gone WHERE severity <> 'info' AND seen_turn = turn - 1 GROUP BY submission
)
SELECT s.*, coalesce(a.first_seq < s.received_seq, false) AS has_earlier,
       coalesce(a.last_seq > s.received_seq, false) AS is_superseded,
       r.due_date, coalesce(g.fixed_count, 0) AS fixed_count, coalesce(g.blanked_count, 0) AS blanked_count,
       s.is_standing AND EXISTS (
           FROM quality.event AS e
           WHERE e.event = 'approved' AND e.unit_code = s.unit_code AND e.year = s.year AND e.seq < s.received_seq
             AND NOT EXISTS (FROM quality.submission_log AS o
                             WHERE o.unit_code = s.unit_code AND o.year = s.year AND o.decision = 'accepted'
                               AND o.received_seq > e.seq AND o.received_seq < s.received_seq)
       ) AS ends_approval
FROM quality.submission AS s
LEFT JOIN gone AS g ON g.submission = s.submission
LEFT JOIN core.expected_report AS r ON r.unit_code = s.unit_code AND r.year = s.year
LEFT JOIN (SELECT unit_code, year, min(received_seq) AS first_seq, max(received_seq) AS last_seq
           FROM quality.submission_log WHERE decision = 'accepted' GROUP BY unit_code, year) AS a
  ON a.unit_code = s.unit_code AND a.year = s.year
WHERE s.received_seq > ? OR list_contains(?, s.submission)
      OR (s.is_latest AND EXISTS (FROM quality.explanation AS e WHERE list_contains(?, e.explanation)
                                  AND e.unit_code = s.unit_code AND e.year = s.year))
ORDER BY s.received_seq
