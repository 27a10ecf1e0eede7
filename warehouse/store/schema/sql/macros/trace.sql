WITH asked AS (
    SELECT * FROM mart.indicator
    WHERE indicator = indicator_id AND org_code = CAST(code AS VARCHAR) AND year = report_year
), city AS (
    SELECT min(org_code) AS org_code FROM core.org_unit WHERE org_level = 'city'
), first AS (
    SELECT min(year) AS year FROM quality.standing
), term AS (  -- each with a year that it reads
    SELECT t.*, y.source_year
    FROM mart.term AS t CROSS JOIN asked AS a CROSS JOIN first AS f, unnest(t.years) AS y(source_year)
    WHERE t.indicator = a.indicator AND y.source_year >= f.year
      AND CASE WHEN t.window_function = 'streak' THEN y.source_year <= a.year
               WHEN t.function IS NULL THEN y.source_year = a.year
               WHEN t.function = 'prev' THEN y.source_year = a.year - 1
               WHEN t.function = 'prev2' THEN y.source_year = a.year - 2
               ELSE y.source_year BETWEEN coalesce(t.since, f.year) AND a.year END
), source AS (  -- what each unit said that was asked
    SELECT t.term, t.label, t.measure, t.form, t.is_aligned, t.block_level, t.window_function, t.source_year,
           u.org_code AS source_code, u.org_name, u.org_level, m.submission,
           CASE WHEN t.form = 'registry' THEN 1.0 WHEN m.state IN ('value', 'zero') THEN m.value END AS value,
           CASE WHEN t.form = 'registry' THEN 'value' ELSE coalesce(m.state, 'not_reported') END AS state
    FROM term AS t
    JOIN core.org_unit AS u ON list_contains(t.levels, u.org_level)
         AND t.source_year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
    LEFT JOIN core.measure AS m ON m.year = t.source_year AND m.org_code = u.org_code AND m.measure = t.measure
), part AS (  -- and who carries it on in the year asked about
    SELECT s.*, coalesce(h.org_code, s.source_code) AS org_code, coalesce(h.share, 1.0) AS heir_share,
           coalesce(d.value, s.value * coalesce(h.share, 1.0)) AS part_value,
           CASE WHEN s.state = 'not_applicable' THEN 0.0 ELSE coalesce(h.share, 1.0) END AS expected,
           CASE WHEN s.value IS NULL THEN 0.0 ELSE coalesce(h.share, 1.0) END AS reported
    FROM source AS s CROSS JOIN asked AS a
    LEFT JOIN core.heir AS h ON h.year = a.year AND h.source_year = s.source_year AND h.source_code = s.source_code
    LEFT JOIN core.handed_on AS d ON d.year = a.year AND d.source_year = s.source_year AND d.source_code = s.source_code
         AND d.org_code = h.org_code AND d.measure = s.measure
), above AS (  -- every unit of that year with the units that it belongs to
    SELECT c.source_code AS org_code, c.node, u.org_level AS node_level
    FROM asked AS a
    JOIN core.contribution AS c ON c.year = a.year AND c.source_year = a.year
    JOIN core.org_unit AS u ON u.org_code = c.node
         AND a.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
), based AS (
    SELECT p.*,
           CASE WHEN a.org_level = 'village' THEN p.org_code ELSE coalesce(t.node, p.org_code) END AS base,
           CASE WHEN p.block_level = 'city' THEN 'city' WHEN p.block_level = 'county' THEN c.node
                WHEN a.org_level = 'village' THEN p.org_code ELSE coalesce(t.node, p.org_code) END AS block,
           CASE WHEN p.window_function = 'streak' THEN p.source_year ELSE 0 END AS turn
    FROM part AS p CROSS JOIN asked AS a
    LEFT JOIN above AS t ON t.org_code = p.org_code AND t.node_level = 'township'
    LEFT JOIN above AS c ON c.org_code = p.org_code AND c.node_level = 'county'
), lacking AS (  -- blocks that lack a cell of one of the terms, and are left out of all of them
    SELECT DISTINCT turn, block
    FROM (SELECT turn, block, base, term, sum(reported) AS reported, sum(expected) AS expected
          FROM based WHERE is_aligned GROUP BY turn, block, base, term)
    WHERE reported < expected - 1e-6
), place AS (
    SELECT org_code AS node FROM asked
    UNION
    SELECT city.org_code FROM city CROSS JOIN term WHERE term.window_function = 'share'
), unit AS (
    SELECT b.*, p.node AS of_node, l.block IS NOT NULL AND b.value IS NOT NULL AS is_left_out,
           CASE WHEN b.value IS NOT NULL AND l.block IS NULL THEN b.part_value END AS counted,
           CASE WHEN coalesce(b.value, 0) <> 0 THEN b.part_value / b.value ELSE b.heir_share END AS share
    FROM based AS b
    JOIN above AS n ON n.org_code = b.org_code
    JOIN place AS p ON p.node = n.node
    LEFT JOIN lacking AS l ON l.turn = b.turn AND l.block = b.block
), typed AS (  -- what stood in the cells of a standing report, and where
    SELECT o.submission, o.org_code, o.form, o.field, o.item, o.sheet, o.row, o.cell, o.value, o.state,
           coalesce(n.raw, CASE WHEN o.value IS NOT NULL THEN printf('%.12g', o.value) ELSE o.text END) AS raw,
           n.fix AS remarks
    FROM core.observation_log AS o
    LEFT JOIN (SELECT submission, sheet, cell, any_value(raw) AS raw, string_agg(fix, '、') AS fix
               FROM quality.note GROUP BY submission, sheet, cell) AS n
           ON n.submission = o.submission AND n.sheet = o.sheet AND n.cell = o.cell
    WHERE o.submission IN (SELECT DISTINCT submission FROM unit)
), counted AS (  -- rows that a count counted: of a roster each is noted, of a form of units it is the unit's own
    SELECT submission, measure, org_code, sheet, row FROM core.counted_row
    WHERE submission IN (SELECT DISTINCT submission FROM unit)
    UNION
    SELECT u.submission, u.measure, u.source_code, t.sheet, t.row
    FROM unit AS u JOIN typed AS t ON t.submission = u.submission AND t.form = u.form AND t.org_code = u.source_code
    WHERE u.value <> 0 AND u.measure NOT IN (SELECT measure FROM core.counted_row)
      AND u.measure IN (SELECT measure FROM mart.use WHERE is_count)
), cell AS (
    SELECT u.term, u.label, u.of_node, u.source_year, u.source_code, u.org_name, u.share, u.is_left_out, t.submission,
           t.value, t.state, t.item, t.raw, t.sheet, t.row, t.cell, t.remarks, [t.cell] AS cells
    FROM unit AS u
    JOIN typed AS t ON t.submission = u.submission AND t.form = u.form AND t.org_code = u.source_code AND t.field = u.measure
    UNION ALL
    SELECT u.term, u.label, u.of_node, u.source_year, u.source_code, u.org_name, u.share, u.is_left_out, r.submission,
           1.0, 'value', max(t.item), string_agg(t.raw, '、' ORDER BY t.cell), r.sheet, r.row,
           string_agg(t.cell, '、' ORDER BY t.cell), string_agg(t.remarks, '、'), list(t.cell)
    FROM unit AS u
    JOIN counted AS r ON r.submission = u.submission AND r.measure = u.measure AND r.org_code = u.source_code
    JOIN typed AS t ON t.submission = r.submission AND t.sheet = r.sheet AND t.row = r.row
    JOIN (SELECT DISTINCT measure, form, field FROM mart.use WHERE is_count) AS f
      ON f.measure = u.measure AND f.form = t.form AND f.field = t.field
    GROUP BY u.term, u.label, u.of_node, u.source_year, u.source_code, u.org_name, u.share, u.is_left_out, r.submission,
             r.sheet, r.row
), question AS (
    SELECT submission, sheet, cell, string_agg(message || '（' || finding_status || '）', '；') AS questions,
           string_agg(text, '；') AS explanations
    FROM quality.finding_latest WHERE cell IS NOT NULL GROUP BY submission, sheet, cell
), told AS (
    SELECT 1 AS depth, 'number' AS step, indicator, NULL AS term, name_zh AS label, org_code AS of_node,
           year AS source_year, org_code AS source_code, org_name, value, NULL AS share, state, NULL AS is_left_out,
           reported_count, expected_count, NULL AS item, NULL AS raw, NULL AS sheet, NULL AS row, NULL AS cell,
           NULL AS submission, NULL AS remarks, NULL AS questions, NULL AS explanations
    FROM asked
    UNION ALL
    SELECT 2, 'term', indicator_id, term, any_value(label), of_node, source_year, of_node, NULL, sum(counted), NULL,
           CASE WHEN count(counted) > 0 THEN 'value' ELSE 'not_reported' END, NULL,
           CAST(ceil(sum(CASE WHEN counted IS NULL THEN 0 ELSE reported END) - 1e-6) AS BIGINT),
           CAST(ceil(sum(expected) - 1e-6) AS BIGINT), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM unit GROUP BY term, of_node, source_year
    UNION ALL
    SELECT 3, 'unit', indicator_id, term, label, of_node, source_year, source_code, org_name,
           CASE WHEN is_left_out THEN part_value ELSE counted END, share, state, is_left_out, NULL, NULL, NULL, NULL, NULL,
           NULL, NULL, submission, NULL, NULL, NULL
    FROM unit
    UNION ALL
    SELECT 4, 'cell', indicator_id, c.term, c.label, c.of_node, c.source_year, c.source_code, c.org_name, c.value, c.share,
           c.state, c.is_left_out, NULL, NULL, c.item, c.raw, c.sheet, c.row, c.cell, c.submission, c.remarks,
           (SELECT string_agg(q.questions, '；') FROM question AS q
            WHERE q.submission = c.submission AND q.sheet = c.sheet AND list_contains(c.cells, q.cell)),
           (SELECT string_agg(q.explanations, '；') FROM question AS q
            WHERE q.submission = c.submission AND q.sheet = c.sheet AND list_contains(c.cells, q.cell))
    FROM cell AS c
)
SELECT t.step, t.indicator, t.term, t.label, t.of_node, t.source_year, t.source_code, t.org_name, t.value, t.share, t.state,
       t.is_left_out, t.reported_count, t.expected_count, t.item, t.raw, t.sheet, t.cell, s.file_name,
       t.submission AS file_sha256, s.received_at, t.remarks, t.questions, t.explanations
FROM told AS t LEFT JOIN quality.submission_log AS s ON s.submission = t.submission
ORDER BY t.depth, t.term, t.source_year, t.of_node, t.source_code, t.sheet, t.row, t.cell
