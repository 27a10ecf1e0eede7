WITH asked AS (
    SELECT moment_of(earlier) AS earlier_at, moment_of(later) AS later_at
), was AS (  -- published at the earlier moment, and by the later one replaced or withdrawn
    SELECT i.* FROM mart.indicator_log AS i, asked AS a
    WHERE i.known_from <= a.earlier_at AND i.known_to > a.earlier_at AND i.known_to <= a.later_at
), now AS (
    SELECT i.* FROM mart.indicator_log AS i, asked AS a
    WHERE i.known_from > a.earlier_at AND i.known_from <= a.later_at AND (i.known_to IS NULL OR i.known_to > a.later_at)
), changed AS (
    SELECT coalesce(n.year, w.year) AS year, coalesce(n.org_code, w.org_code) AS org_code,
           coalesce(n.org_name, w.org_name) AS org_name, coalesce(n.org_level, w.org_level) AS org_level,
           coalesce(n.indicator, w.indicator) AS indicator, coalesce(n.name_zh, w.name_zh) AS name_zh,
           coalesce(n.unit, w.unit) AS unit,
           w.value AS old_value, n.value AS new_value, w.state AS old_state, n.state AS new_state,
           w.coverage_pct AS old_coverage_pct, n.coverage_pct AS new_coverage_pct,
           w.maturity AS old_maturity, n.maturity AS new_maturity,
           CASE WHEN coalesce(n.kind, w.kind) IN ('rank', 'share')  -- any unit of the city may have moved it
                THEN (SELECT min(u.org_code) FROM core.org_unit AS u WHERE u.org_level = 'city')
                ELSE coalesce(n.org_code, w.org_code) END AS reached_from
    FROM was AS w FULL JOIN now AS n ON n.year = w.year AND n.org_code = w.org_code AND n.indicator = w.indicator
    WHERE (w.value, w.state, w.numerator, w.denominator, w.coverage_pct, w.peer_count, w.maturity)
          IS DISTINCT FROM (n.value, n.state, n.numerator, n.denominator, n.coverage_pct, n.peer_count, n.maturity)
), swap AS (  -- unit-years of which another submission stands
    SELECT coalesce(n.unit_code, w.unit_code) AS unit_code, coalesce(n.year, w.year) AS year,
           w.submission AS old_submission, n.submission AS new_submission
    FROM (SELECT s.* FROM quality.standing_log AS s, asked AS a
          WHERE s.known_from <= a.earlier_at AND (s.known_to IS NULL OR s.known_to > a.earlier_at)) AS w
    FULL JOIN (SELECT s.* FROM quality.standing_log AS s, asked AS a
               WHERE s.known_from <= a.later_at AND (s.known_to IS NULL OR s.known_to > a.later_at)) AS n
           ON n.unit_code = w.unit_code AND n.year = w.year
    WHERE n.submission IS DISTINCT FROM w.submission
), was_measure AS (
    SELECT s.unit_code, s.year, m.org_code, m.measure, m.state, m.value
    FROM swap AS s JOIN core.measure_log AS m ON m.submission = s.old_submission
), now_measure AS (
    SELECT s.unit_code, s.year, m.org_code, m.measure, m.state, m.value
    FROM swap AS s JOIN core.measure_log AS m ON m.submission = s.new_submission
), moved AS (
    SELECT coalesce(n.unit_code, w.unit_code) AS unit_code, coalesce(n.year, w.year) AS year,
           coalesce(n.org_code, w.org_code) AS org_code, coalesce(n.measure, w.measure) AS measure
    FROM was_measure AS w FULL JOIN now_measure AS n
         ON n.unit_code = w.unit_code AND n.year = w.year AND n.org_code = w.org_code AND n.measure = w.measure
    WHERE (w.state, w.value) IS DISTINCT FROM (n.state, n.value)
), felt AS (  -- at which units each of these is felt
    SELECT m.unit_code, m.year AS source_year, m.measure, c.node, count(DISTINCT m.org_code) AS count, min(m.org_code) AS first_code
    FROM moved AS m JOIN core.contribution AS c ON c.source_year = m.year AND c.source_code = m.org_code
    GROUP BY m.unit_code, m.year, m.measure, c.node
), reach AS (
    SELECT DISTINCT indicator, measure, years FROM mart.use
), by_submission AS (
    SELECT h.year, h.org_code, h.indicator, f.unit_code, f.source_year, sum(f.count) AS cell_count,
           arg_min(f.measure, f.first_code || ' ' || f.measure) AS measure, min(f.first_code) AS first_code
    FROM changed AS h
    JOIN reach AS u ON u.indicator = h.indicator
    JOIN felt AS f ON f.measure = u.measure AND f.node = h.reached_from
         AND (f.source_year = h.year OR (u.years = 'earlier' AND f.source_year < h.year))
    GROUP BY h.year, h.org_code, h.indicator, f.unit_code, f.source_year
), place AS (  -- the first cell of each, in the later submission, else in the earlier
    SELECT o.submission, o.org_code, o.field, arg_min(o.sheet, o.cell || ' ' || o.sheet) AS sheet, min(o.cell) AS cell
    FROM core.observation_log AS o
    WHERE o.submission IN (SELECT coalesce(new_submission, old_submission) FROM swap)
    GROUP BY o.submission, o.org_code, o.field
), told AS (
    SELECT b.year, b.org_code, b.indicator, b.cell_count,
           CASE WHEN s.new_submission IS NULL THEN '退回'
                WHEN s.old_submission IS NULL THEN '报送'
                WHEN l.received_seq < o.received_seq THEN '退回'
                ELSE '更正' END AS why,
           coalesce(s.new_submission, s.old_submission) AS submission, s.old_submission, coalesce(l.file_name, o.file_name) AS file_name,
           coalesce(l.unit_code, o.unit_code) AS unit_code, b.source_year, p.sheet, p.cell,
           coalesce(l.received_at, o.received_at) AS received_at
    FROM by_submission AS b
    JOIN swap AS s ON s.unit_code = b.unit_code AND s.year = b.source_year
    LEFT JOIN quality.submission_log AS l ON l.submission = s.new_submission
    LEFT JOIN quality.submission_log AS o ON o.submission = s.old_submission
    LEFT JOIN place AS p ON p.submission = coalesce(s.new_submission, s.old_submission)
         AND p.org_code = b.first_code AND p.field = b.measure
), opened AS (  -- years of which nothing stood before, or nothing stands now: their numbers come and go with them
    SELECT year FROM swap GROUP BY year HAVING count(old_submission) = 0 OR count(new_submission) = 0
    EXCEPT
    SELECT s.year FROM quality.standing_log AS s, asked AS a
    WHERE s.known_from <= a.earlier_at AND (s.known_to IS NULL OR s.known_to > a.later_at)
), made AS (  -- what the warehouse was made by at either moment
    SELECT arg_max(r.catalogue_version, r.published_at) FILTER (r.published_at <= a.earlier_at) AS old_catalogue,
           arg_max(r.catalogue_version, r.published_at) FILTER (r.published_at <= a.later_at) AS new_catalogue,
           arg_max(r.code_version, r.published_at) FILTER (r.published_at <= a.earlier_at) AS old_code,
           arg_max(r.code_version, r.published_at) FILTER (r.published_at <= a.later_at) AS new_code
    FROM quality.run AS r, asked AS a
), decided AS (  -- by whom a submission was returned and a year was approved last
    SELECT event, submission, year, arg_max(actor, seq) AS actor
    FROM quality.event WHERE event IN ('returned', 'approved') GROUP BY event, submission, year
)
SELECT h.year, h.org_code, h.org_name, h.org_level, h.indicator, h.name_zh, h.unit, h.old_value, h.new_value, h.old_state,
       h.new_state, h.old_coverage_pct, h.new_coverage_pct, h.old_maturity, h.new_maturity,
       coalesce(t.why,
                CASE WHEN m.old_catalogue IS DISTINCT FROM m.new_catalogue THEN '制度目录变更'
                     WHEN m.old_code IS DISTINCT FROM m.new_code THEN '程序变更'
                     WHEN h.old_maturity IS DISTINCT FROM h.new_maturity THEN '审定'
                     WHEN h.year >= (SELECT min(o.year) FROM opened AS o) THEN '年度有无报送'
                     WHEN 'held' IN (h.old_state, h.new_state) THEN '暂存'
                     ELSE '其他单位或年度变动' END) AS why,
       coalesce(r.actor, CASE WHEN t.why IS NULL AND h.old_maturity IS DISTINCT FROM h.new_maturity THEN p.actor END) AS actor,
       t.unit_code, t.source_year, t.submission, t.file_name, t.sheet, t.cell, t.cell_count, t.received_at
FROM changed AS h CROSS JOIN made AS m
LEFT JOIN told AS t ON t.year = h.year AND t.org_code = h.org_code AND t.indicator = h.indicator
LEFT JOIN decided AS r ON t.why = '退回' AND r.event = 'returned' AND r.submission = t.old_submission
LEFT JOIN (SELECT year, max(actor) AS actor FROM decided WHERE event = 'approved' GROUP BY year) AS p ON p.year = h.year
ORDER BY h.year, h.indicator, h.org_code, t.unit_code, t.source_year
