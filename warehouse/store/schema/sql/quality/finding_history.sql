WITH seen AS (
    SELECT t.unit_code, t.year, f.finding, t.turn, any_value(t.last_turn) AS last_turn,
           any_value(t.received_at) AS received_at, any_value(t.replaced_at) AS replaced_at,
           coalesce(any_value(f.form), '') AS form, any_value(f.rule) AS rule,
           coalesce(any_value(f.org_code), any_value(f.org_name), '') AS org_code,
           coalesce(any_value(f.item), '') AS item, coalesce(any_value(f.field), '') AS field,
           any_value(f.severity) AS severity, max(f.operands) AS operands
    FROM quality.finding AS f JOIN quality.turn AS t ON t.submission = f.submission
    GROUP BY t.unit_code, t.year, f.finding, t.turn
), now AS (
    SELECT coalesce((SELECT max(started_at) FROM quality.run),
                    (SELECT max(received_at) FROM quality.submission_log)) AS moment
), spell AS (
    SELECT s.*, e.explanation, e.text, e.reason, e.decision, e.decided_at,
           greatest(0, date_diff('day', left(s.received_at, 10)::DATE,
               least(left(coalesce(s.replaced_at, now.moment), 10)::DATE,
                     CASE WHEN e.decision = 'accepted' THEN left(e.decided_at, 10)::DATE END))) AS nights
    FROM seen AS s CROSS JOIN now
    LEFT JOIN quality.explanation AS e
      ON e.is_current AND e.finding = s.finding
         AND e.operands = s.operands
), whole AS (
    SELECT unit_code, year, finding, min(received_at) AS first_seen, max(turn) AS seen_turn,
           count(*) < max(turn) - min(turn) + 1 AS has_gap, sum(nights)::BIGINT AS nights_open
    FROM spell GROUP BY unit_code, year, finding
), withdrawn AS (
    SELECT unit_code, year, finding, seen_turn, bool_and(is_blanked) AS is_blanked
    FROM quality.gone GROUP BY unit_code, year, finding, seen_turn
)
SELECT w.unit_code, w.year, w.finding, l.form, l.rule, l.org_code, l.item, l.field, l.severity,
       CASE WHEN w.seen_turn < l.last_turn THEN CASE WHEN g.is_blanked THEN 'blanked' ELSE 'fixed' END
            WHEN l.decision IN ('accepted', 'explained') THEN l.decision
            WHEN w.has_gap OR EXISTS (
                FROM quality.explanation AS b
                WHERE b.decision = 'accepted' AND b.finding = w.finding AND b.operands <> l.operands) THEN 'reopened'
            ELSE 'open' END AS finding_status,
       l.operands, w.first_seen,
       CASE WHEN w.seen_turn < l.last_turn THEN left(l.replaced_at, 10) ELSE left(now.moment, 10) END AS last_seen,
       CASE WHEN w.seen_turn < l.last_turn THEN l.replaced_at
            WHEN l.decision = 'accepted' THEN l.decided_at END AS closed_at,
       w.nights_open, l.explanation, l.text, l.reason
FROM whole AS w CROSS JOIN now
JOIN spell AS l ON l.finding = w.finding AND l.turn = w.seen_turn
LEFT JOIN withdrawn AS g ON g.finding = w.finding
                        AND g.seen_turn = w.seen_turn
