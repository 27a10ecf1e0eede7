WITH asked AS MATERIALIZED (
    SELECT i.*, (SELECT any_value(t.window_function) FROM mart.term AS t WHERE t.indicator = indicator_id) AS window_function
    FROM mart.indicator AS i
    WHERE i.indicator = indicator_id AND i.org_code = CAST(code AS VARCHAR) AND i.year = report_year
), city AS MATERIALIZED (
    SELECT min(org_code) AS org_code FROM core.org_unit WHERE org_level = 'city'
), first AS MATERIALIZED (
    SELECT min(year) AS year FROM quality.standing
), turn AS MATERIALIZED (  -- the years for which the formula is worked out: of a streak all, to see which of them count
    SELECT CAST(y.turn AS INTEGER) AS turn
    FROM asked AS a CROSS JOIN first AS f,
         unnest(CASE WHEN a.window_function = 'streak' THEN range(f.year, a.year + 1) ELSE [a.year] END) AS y(turn)
), node AS MATERIALIZED (  -- the units for which it is worked out: of a share the city too, of a place all units of the level
    SELECT org_code, true AS is_shown FROM asked
    UNION
    SELECT city.org_code, true FROM city CROSS JOIN asked AS a WHERE a.window_function = 'share'
    UNION
    SELECT i.org_code, i.org_code = a.org_code
    FROM asked AS a JOIN mart.indicator AS i ON i.indicator = a.indicator AND i.year = a.year AND i.org_level = a.org_level
    WHERE a.window_function IN ('rank', 'rank_asc', 'percentile')
), term AS MATERIALIZED (  -- each with a year that it reads
    SELECT t.*, y.source_year, n.turn
    FROM mart.term AS t CROSS JOIN turn AS n CROSS JOIN first AS f, unnest(t.years) AS y(source_year)
    WHERE t.indicator = indicator_id AND y.source_year >= f.year
      AND CASE WHEN t.function IS NULL THEN y.source_year = n.turn
               WHEN t.function = 'prev' THEN y.source_year = n.turn - 1
               WHEN t.function = 'prev2' THEN y.source_year = n.turn - 2
               ELSE y.source_year BETWEEN coalesce(t.since, f.year) AND n.turn END
), named AS MATERIALIZED (  -- every unit of those years: who reports it, where it lies
    SELECT y.source_year, u.org_code, u.org_name, u.org_level,
           CASE u.org_level WHEN 'village' THEN p.parent_code WHEN 'township' THEN u.parent_code ELSE u.org_code END AS unit_code,
           concat_ws(' ', CASE WHEN u.org_level = 'village' THEN g.org_name END,
                     CASE WHEN u.org_level IN ('village', 'township') THEN p.org_name END, u.org_name) AS place
    FROM (SELECT DISTINCT source_year FROM term) AS y
    JOIN core.org_unit AS u ON y.source_year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
    LEFT JOIN core.org_unit AS p ON p.org_code = u.parent_code
         AND y.source_year BETWEEN coalesce(p.valid_from, 0) AND coalesce(p.valid_to, 9999)
    LEFT JOIN core.org_unit AS g ON g.org_code = p.parent_code
         AND y.source_year BETWEEN coalesce(g.valid_from, 0) AND coalesce(g.valid_to, 9999)
), source AS (  -- what each unit said that was asked
    SELECT t.term, t.position, t.label, t.measure, t.form, t.fields, t.is_aligned, t.block_level, t.turn, t.source_year,
           u.org_code AS source_code, u.org_name, u.place, m.submission,
           CASE WHEN t.form = 'registry' THEN 1.0 WHEN m.state IN ('value', 'zero') THEN m.value END AS value,
           CASE WHEN t.form = 'registry' THEN 'value' WHEN m.state IS NOT NULL THEN m.state
                WHEN r.report_state = 'held' THEN 'held' ELSE 'not_reported' END AS state
    FROM term AS t
    JOIN named AS u ON u.source_year = t.source_year AND list_contains(t.levels, u.org_level)
    LEFT JOIN core.measure AS m ON m.year = t.source_year AND m.org_code = u.org_code AND m.measure = t.measure
    LEFT JOIN mart.reporting AS r ON r.year = t.source_year AND r.unit_code = u.unit_code
), part AS (  -- and who carries it on in the year asked about
    SELECT s.*, coalesce(h.org_code, s.source_code) AS org_code, coalesce(h.share, 1.0) AS heir_share,
           coalesce(d.value, s.value * coalesce(h.share, 1.0)) AS part_value,
           CASE WHEN s.state = 'not_applicable' THEN 0.0 ELSE coalesce(h.share, 1.0) END AS expected,
           CASE WHEN s.state IN ('value', 'zero', 'suppressed') THEN coalesce(h.share, 1.0) ELSE 0.0 END AS reported
    FROM source AS s CROSS JOIN asked AS a
    LEFT JOIN core.heir AS h ON h.year = a.year AND h.source_year = s.source_year AND h.source_code = s.source_code
    LEFT JOIN core.handed_on AS d ON d.year = a.year AND d.source_year = s.source_year AND d.source_code = s.source_code
         AND d.org_code = h.org_code AND d.measure = s.measure
), above AS MATERIALIZED (  -- every unit of that year with the units that it belongs to
    SELECT c.source_code AS org_code, c.node, u.org_level AS node_level
    FROM asked AS a
    JOIN core.contribution AS c ON c.year = a.year AND c.source_year = a.year
    JOIN core.org_unit AS u ON u.org_code = c.node
         AND a.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
), based AS MATERIALIZED (
    SELECT p.*,
           CASE WHEN a.org_level = 'village' THEN p.org_code ELSE coalesce(t.node, p.org_code) END AS base,
           CASE WHEN p.block_level = 'city' THEN 'city' WHEN p.block_level = 'county' THEN c.node
                WHEN a.org_level = 'village' THEN p.org_code ELSE coalesce(t.node, p.org_code) END AS block
    FROM part AS p CROSS JOIN asked AS a
    LEFT JOIN above AS t ON t.org_code = p.org_code AND t.node_level = 'township'
    LEFT JOIN above AS c ON c.org_code = p.org_code AND c.node_level = 'county'
), lacking AS (  -- blocks that lack a cell of one of the terms, and are left out of all of them
    SELECT DISTINCT turn, block
    FROM (SELECT turn, block, base, term, sum(reported) AS reported, sum(expected) AS expected
          FROM based WHERE is_aligned GROUP BY turn, block, base, term)
    WHERE reported < expected - 1e-6
), placed AS MATERIALIZED (
    SELECT b.*, p.org_code AS of_node, p.is_shown, l.block IS NOT NULL AND b.reported > 0 AS is_left_out,
           CASE WHEN b.value IS NOT NULL AND l.block IS NULL THEN b.part_value END AS counted,
           b.state = 'suppressed' AND l.block IS NULL AS is_suppressed,
           CASE WHEN coalesce(b.value, 0) <> 0 THEN b.part_value / b.value ELSE b.heir_share END AS share
    FROM based AS b
    JOIN above AS n ON n.org_code = b.org_code
    JOIN node AS p ON p.org_code = n.node
    LEFT JOIN lacking AS l ON l.turn = b.turn AND l.block = b.block
), known AS (  -- a sum that lacks a suppressed number is not known here
    SELECT turn, of_node, term, CASE WHEN NOT bool_or(is_suppressed) THEN sum(counted) END AS value,
           bool_or(is_suppressed) AS is_suppressed
    FROM placed GROUP BY turn, of_node, term
), worked AS MATERIALIZED (  -- the formula over the terms, for each unit and year
    SELECT of_node, turn, is_suppressed, CASE WHEN NOT is_suppressed THEN formula_value(indicator_id, terms) END AS value
    FROM (SELECT n.org_code AS of_node, y.turn, list(k.value ORDER BY t.position) AS terms,
                 coalesce(bool_or(k.is_suppressed), false) AS is_suppressed
          FROM node AS n CROSS JOIN turn AS y CROSS JOIN mart.term AS t
          LEFT JOIN known AS k ON k.of_node = n.org_code AND k.turn = y.turn AND k.term = t.term
          WHERE t.indicator = indicator_id GROUP BY n.org_code, y.turn)
), broken AS MATERIALIZED (  -- the last year in which the condition of a streak does not hold, else the one before all
    SELECT coalesce(max(w.turn) FILTER (WHERE coalesce(w.value, 0) = 0), min(w.turn) - 1) AS turn
    FROM worked AS w JOIN asked AS a ON a.org_code = w.of_node AND a.window_function = 'streak'
), ranked AS MATERIALIZED (
    SELECT *, count(value) OVER () AS known_count, rank() OVER (ORDER BY value DESC NULLS LAST) AS from_above,
           rank() OVER (ORDER BY value NULLS LAST) AS from_below
    FROM worked WHERE turn = (SELECT year FROM asked)
), made AS (  -- the number, worked out again
    SELECT CASE WHEN o.value IS NULL THEN NULL
                WHEN a.window_function = 'share' THEN o.value / nullif(w.value, 0) * 100
                WHEN a.window_function = 'rank' THEN o.from_above
                WHEN a.window_function = 'rank_asc' THEN o.from_below
                WHEN a.window_function = 'percentile' THEN (o.from_below - 1) / nullif(o.known_count - 1, 0) * 100
                WHEN a.window_function = 'streak' THEN a.year - b.turn
                ELSE o.value END AS value,
           a.state = 'suppressed' OR s.is_suppressed AS is_suppressed
    FROM asked AS a
    LEFT JOIN ranked AS o ON o.of_node = a.org_code
    LEFT JOIN ranked AS w ON w.of_node = (SELECT org_code FROM city)
    CROSS JOIN broken AS b
    CROSS JOIN (SELECT coalesce(bool_or(w.is_suppressed), false) AS is_suppressed
                FROM worked AS w CROSS JOIN broken AS b WHERE b.turn IS NULL OR w.turn >= b.turn) AS s
), unit AS MATERIALIZED (
    SELECT p.* FROM placed AS p CROSS JOIN broken AS b WHERE p.is_shown AND (b.turn IS NULL OR p.turn >= b.turn)
    QUALIFY row_number() OVER (PARTITION BY term, of_node, source_year, source_code, org_code ORDER BY p.turn DESC) = 1
), question AS MATERIALIZED (  -- what was asked about a cell of these reports, and answered
    SELECT f.submission, f.sheet, f.cell, string_agg(f.message || '（' || coalesce(h.finding_status, 'open') || '）', '；') AS questions,
           string_agg(h.text, '；') AS explanations
    FROM quality.finding AS f
    LEFT JOIN quality.finding_history AS h ON h.finding = f.finding
    WHERE f.submission IN (SELECT DISTINCT submission FROM unit) AND f.cell IS NOT NULL
    GROUP BY f.submission, f.sheet, f.cell
), shown AS (  -- the fields whose cells show a measure, in their order
    SELECT DISTINCT t.measure, t.form, f.field, list_position(t.fields, f.field) AS place, t.fields = [t.measure] AS is_number
    FROM term AS t, unnest(t.fields) AS f(field)
), typed AS MATERIALIZED (  -- what stood in these cells, and where
    SELECT o.submission, o.org_code, w.measure, w.is_number, w.place, o.item, o.sheet, o.row, o.cell, o.value, o.state, d.name_zh,
           CASE WHEN o.state = 'suppressed' THEN NULL
                ELSE coalesce(n.raw, CASE WHEN o.value IS NOT NULL THEN printf('%.12g', o.value)
                                          WHEN d.type = 'boolean' AND o.text = 'true' THEN '是'
                                          WHEN d.type = 'boolean' AND o.text = 'false' THEN '否' ELSE o.text END) END AS raw,
           n.fix AS remarks, q.questions, q.explanations
    FROM core.observation_log AS o
    JOIN (SELECT DISTINCT submission FROM unit) AS u ON u.submission = o.submission
    JOIN shown AS w ON w.form = o.form AND w.field = o.field
    LEFT JOIN mart.dictionary AS d ON d.kind = 'field' AND d.form = o.form AND d.name = o.field
    LEFT JOIN (SELECT submission, sheet, cell, any_value(raw) AS raw, string_agg(fix, '、') AS fix
               FROM quality.note GROUP BY submission, sheet, cell) AS n
           ON n.submission = o.submission AND n.sheet = o.sheet AND n.cell = o.cell
    LEFT JOIN question AS q ON q.submission = o.submission AND q.sheet = o.sheet AND q.cell = o.cell
), counted AS (  -- rows that a count counted: of a roster each is noted, of a form of units it is the unit's own
    SELECT submission, measure, org_code, sheet, row FROM core.counted_row
    WHERE submission IN (SELECT DISTINCT submission FROM unit)
    UNION
    SELECT u.submission, u.measure, u.source_code, t.sheet, t.row
    FROM unit AS u JOIN typed AS t ON t.submission = u.submission AND t.measure = u.measure AND t.org_code = u.source_code
    WHERE u.value <> 0 AND NOT t.is_number AND u.measure NOT IN (SELECT measure FROM core.counted_row)
), row_cell AS MATERIALIZED (  -- a row that counts, with the cells that make it count
    SELECT r.submission, r.measure, r.org_code, r.sheet, r.row, max(t.item) AS item,
           string_agg(t.name_zh || '“' || coalesce(t.raw, '…') || '”', '，' ORDER BY t.place) AS raw,
           string_agg(t.cell, '、' ORDER BY t.place) AS cell, string_agg(t.remarks, '、' ORDER BY t.place) AS remarks,
           string_agg(t.questions, '；' ORDER BY t.place) AS questions,
           string_agg(t.explanations, '；' ORDER BY t.place) AS explanations
    FROM counted AS r
    JOIN typed AS t ON t.submission = r.submission AND t.measure = r.measure AND t.sheet = r.sheet AND t.row = r.row
    GROUP BY r.submission, r.measure, r.org_code, r.sheet, r.row
), cell AS (
    SELECT u.term, u.label, u.of_node, u.source_year, u.source_code, u.org_name, u.place, u.share, u.is_left_out, u.position,
           t.submission, CASE WHEN u.state <> 'suppressed' THEN t.value END AS value,
           CASE WHEN u.state = 'suppressed' THEN u.state ELSE t.state END AS state, t.item,
           CASE WHEN u.state <> 'suppressed' THEN t.raw END AS raw, t.sheet, t.row, t.cell, t.remarks, t.questions, t.explanations
    FROM unit AS u
    JOIN typed AS t ON t.submission = u.submission AND t.measure = u.measure AND t.org_code = u.source_code AND t.is_number
    UNION ALL BY NAME
    SELECT u.term, u.label, u.of_node, u.source_year, u.source_code, u.org_name, u.place, u.share, u.is_left_out, u.position,
           r.submission, 1.0 AS value, 'value' AS state, r.item, r.raw, r.sheet, r.row, r.cell, r.remarks,
           r.questions, r.explanations
    FROM unit AS u
    JOIN row_cell AS r ON r.submission = u.submission AND r.measure = u.measure AND r.org_code = u.source_code
    WHERE u.state <> 'suppressed'
    UNION ALL BY NAME
    SELECT term, label, of_node, source_year, source_code, org_name, place, share, is_left_out, position,
           1.0 AS value, 'value' AS state, '单位名录' AS raw
    FROM unit WHERE form = 'registry'
), told AS (
    SELECT 1 AS depth, 'number' AS step, name_zh AS label, org_code AS of_node, year AS source_year, org_code AS source_code,
           org_name, value, state, reported_count, expected_count
    FROM asked
    UNION ALL BY NAME
    SELECT 2 AS depth, 'formula' AS step, d.formula_zh AS label, d.formula, a.org_code AS of_node, a.year AS source_year,
           a.org_code AS source_code, a.org_name, CASE WHEN NOT m.is_suppressed THEN m.value END AS value,
           CASE WHEN m.is_suppressed THEN 'suppressed' WHEN m.value = 0 THEN 'zero' WHEN m.value IS NOT NULL THEN 'value'
                WHEN a.value IS NULL THEN a.state ELSE 'not_reported' END AS state
    FROM asked AS a CROSS JOIN made AS m
    LEFT JOIN mart.dictionary AS d ON d.kind = 'indicator' AND d.name = a.indicator
    UNION ALL BY NAME
    SELECT 3 AS depth, 'peer' AS step, a.name_zh AS label, a.org_code AS of_node, a.year AS source_year,
           i.org_code AS source_code, i.org_name, CASE WHEN i.state <> 'suppressed' THEN w.value END AS value, i.value AS rank,
           CASE WHEN w.is_suppressed THEN 'suppressed' WHEN w.value = 0 AND i.value IS NOT NULL THEN 'zero' ELSE i.state END AS state
    FROM asked AS a
    JOIN mart.indicator AS i ON i.indicator = a.indicator AND i.year = a.year AND i.org_level = a.org_level
    JOIN worked AS w ON w.of_node = i.org_code
    WHERE a.window_function IN ('rank', 'rank_asc', 'percentile')
    UNION ALL BY NAME
    SELECT 4 AS depth, 'term' AS step, position, term, any_value(label) AS label, of_node, source_year, of_node AS source_code,
           CASE WHEN NOT bool_or(is_suppressed) THEN sum(counted) END AS value,
           CASE WHEN bool_or(is_suppressed) THEN 'suppressed' WHEN count(counted) > 0 THEN 'value'
                WHEN sum(expected) > 0 THEN 'not_reported' ELSE 'not_applicable' END AS state,
           CAST(ceil(sum(CASE WHEN is_left_out THEN 0 ELSE reported END) - 1e-6) AS BIGINT) AS reported_count,
           CAST(ceil(sum(expected) - 1e-6) AS BIGINT) AS expected_count
    FROM unit GROUP BY position, term, of_node, source_year
    UNION ALL BY NAME
    SELECT 5 AS depth, 'unit' AS step, position, term, label, of_node, source_year, source_code, org_name, place,
           CASE WHEN is_left_out THEN part_value ELSE counted END AS value, share, state, is_left_out, submission
    FROM unit
    UNION ALL BY NAME
    SELECT 6 AS depth, 'cell' AS step, c.*
    FROM cell AS c
)
SELECT t.step, indicator_id AS indicator, t.term, t.label, t.formula, t.of_node, t.source_year, t.source_code, t.org_name,
       t.place, t.value, t.rank, t.share, t.state, t.is_left_out, t.reported_count, t.expected_count, t.item, t.raw, t.sheet,
       t.cell, s.file_name, t.submission AS file_sha256, s.received_at, t.remarks, t.questions, t.explanations
FROM told AS t LEFT JOIN quality.submission_log AS s ON s.submission = t.submission
ORDER BY t.depth, t.rank, t.position, t.source_year, t.of_node, t.source_code, t.sheet, t.row, t.cell
