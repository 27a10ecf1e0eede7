WITH asked AS (  -- DuckDB 1.1 works a step out anew wherever it is named, so that few are named twice
    SELECT i.*, (SELECT any_value(t.window_function) FROM mart.term AS t WHERE t.indicator = indicator_id) AS window_function
    FROM mart.indicator AS i
    WHERE i.indicator = indicator_id AND i.org_code = CAST(code AS VARCHAR) AND i.year = report_year
), turn AS (  -- the years for which the formula is worked out: of a streak all, to see which of them count
    SELECT CAST(y.turn AS INTEGER) AS turn
    FROM asked AS a CROSS JOIN (SELECT min(year) AS year FROM quality.standing) AS f,
         unnest(CASE WHEN a.window_function = 'streak' THEN range(f.year, a.year + 1) ELSE [a.year] END) AS y(turn)
), node AS (  -- the units for which it is worked out: of a share the city too, of a place all units of the level
    SELECT u.org_code, u.org_name, a.window_function, u.org_code = a.org_code AS is_asked,
           u.org_code = a.org_code OR a.window_function = 'share' AS is_shown, u.org_level = 'city' AS is_city,
           i.value AS rank, i.state AS published_state
    FROM asked AS a
    JOIN core.org_unit AS u ON a.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
    LEFT JOIN mart.indicator AS i ON i.indicator = indicator_id AND i.year = report_year AND i.org_code = u.org_code
    WHERE u.org_code = a.org_code OR (a.window_function = 'share' AND u.org_level = 'city')
       OR (a.window_function IN ('rank', 'rank_asc', 'percentile') AND i.org_level = a.org_level)
), placed AS (  -- what each unit said that was asked, as far as it counts for these
    SELECT p.term, t.position, t.label, p.measure, t.form, p.condition_year AS turn, p.source_year, p.source_code, p.org_code,
           p.of_node, n.is_shown, p.submission, p.state, p.own_value AS value, p.value AS part_value, p.share,
           p.expected_count AS expected, p.reported_count AS reported, p.is_left_out AND p.reported_count > 0 AS is_left_out,
           CASE WHEN NOT p.is_left_out THEN p.value END AS counted, p.state = 'suppressed' AND NOT p.is_left_out AS is_suppressed,
           u.org_name, CASE u.org_level WHEN 'village' THEN a.parent_code WHEN 'township' THEN u.parent_code
                                        ELSE u.org_code END AS unit_code,
           concat_ws(' ', CASE WHEN u.org_level = 'village' THEN g.org_name END,
                     CASE WHEN u.org_level IN ('village', 'township') THEN a.org_name END, u.org_name) AS place
    FROM term_parts(indicator_id, report_year, report_year) AS p
    JOIN node AS n ON n.org_code = p.of_node
    JOIN mart.term AS t ON t.indicator = indicator_id AND t.term = p.term
    JOIN core.org_unit AS u ON u.org_code = p.source_code
         AND p.source_year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
    LEFT JOIN core.org_unit AS a ON a.org_code = u.parent_code
         AND p.source_year BETWEEN coalesce(a.valid_from, 0) AND coalesce(a.valid_to, 9999)
    LEFT JOIN core.org_unit AS g ON g.org_code = a.parent_code
         AND p.source_year BETWEEN coalesce(g.valid_from, 0) AND coalesce(g.valid_to, 9999)
), known AS (  -- a sum that lacks a suppressed number is not known here
    SELECT turn, of_node, term, CASE WHEN NOT bool_or(is_suppressed) THEN sum(counted) END AS value,
           bool_or(is_suppressed) AS is_suppressed
    FROM placed GROUP BY turn, of_node, term
), worked AS (  -- the formula over the terms, for each unit and year
    SELECT *, CASE WHEN NOT is_suppressed THEN formula_value(indicator_id, terms) END AS value
    FROM (SELECT n.*, y.turn, list(k.value ORDER BY t.position) AS terms,
                 coalesce(bool_or(k.is_suppressed), false) AS is_suppressed
          FROM node AS n CROSS JOIN turn AS y CROSS JOIN mart.term AS t
          LEFT JOIN known AS k ON k.of_node = n.org_code AND k.turn = y.turn AND k.term = t.term
          WHERE t.indicator = indicator_id GROUP BY ALL)
), compared AS (  -- with the other units and years; broken: the last year in which a condition does not hold
    SELECT *, count(value) OVER same_year AS known_count,
           rank() OVER (PARTITION BY turn ORDER BY value DESC NULLS LAST) AS from_above,
           rank() OVER (PARTITION BY turn ORDER BY value NULLS LAST) AS from_below,
           max(CASE WHEN is_city THEN value END) OVER same_year AS whole,
           coalesce(max(CASE WHEN coalesce(value, 0) = 0 THEN turn END) OVER same_unit, min(turn) OVER same_unit - 1) AS broken
    FROM worked WINDOW same_year AS (PARTITION BY turn), same_unit AS (PARTITION BY org_code)
), made AS (  -- the number, worked out again
    SELECT *, coalesce(bool_or(is_suppressed AND (window_function IS DISTINCT FROM 'streak' OR turn >= broken)) OVER (), false)
                  AS has_suppressed,
           CASE WHEN value IS NULL THEN NULL
                WHEN window_function = 'share' THEN value / nullif(whole, 0) * 100
                WHEN window_function = 'rank' THEN from_above
                WHEN window_function = 'rank_asc' THEN from_below
                WHEN window_function = 'percentile' THEN (from_below - 1) / nullif(known_count - 1, 0) * 100
                WHEN window_function = 'streak' THEN turn - broken
                ELSE value END AS number
    FROM compared
), unit AS (
    SELECT p.* EXCLUDE (state),
           CASE WHEN p.state = 'not_reported' AND r.report_state = 'held' THEN 'held' ELSE p.state END AS state
    FROM placed AS p
    LEFT JOIN mart.reporting AS r ON r.year = p.source_year AND r.unit_code = p.unit_code
    WHERE p.is_shown AND p.turn >= (SELECT CASE WHEN window_function = 'streak' THEN broken ELSE turn END FROM made
                                    WHERE is_asked AND turn = report_year)
    QUALIFY row_number() OVER (PARTITION BY p.term, p.of_node, p.source_year, p.source_code, p.org_code ORDER BY p.turn DESC) = 1
), shown AS (  -- the fields whose cells show a measure, in their order
    SELECT DISTINCT t.measure, t.form, f.field, list_position(t.fields, f.field) AS place, t.fields = [t.measure] AS is_number
    FROM mart.term AS t, unnest(t.fields) AS f(field) WHERE t.indicator = indicator_id
), question AS (  -- what was asked about a cell of a standing report, and answered
    SELECT f.submission, f.sheet, f.cell, string_agg(f.message || '（' || coalesce(h.finding_status, 'open') || '）', '；') AS questions,
           string_agg(h.text, '；') AS explanations
    FROM quality.finding AS f
    JOIN quality.standing AS s ON s.submission = f.submission
    LEFT JOIN quality.finding_history AS h ON h.finding = f.finding
    WHERE f.cell IS NOT NULL
    GROUP BY f.submission, f.sheet, f.cell
), typed AS (  -- what stood in these cells, and where
    SELECT o.submission, o.org_code, w.measure, w.is_number, w.place, o.item, o.sheet, o.row, o.cell, o.value, o.state, d.name_zh,
           CASE WHEN o.state = 'suppressed' THEN NULL
                ELSE coalesce(n.raw, CASE WHEN o.value IS NOT NULL THEN printf('%.12g', o.value)
                                          WHEN d.type = 'boolean' AND o.text = 'true' THEN '是'
                                          WHEN d.type = 'boolean' AND o.text = 'false' THEN '否' ELSE o.text END) END AS raw,
           n.fix AS remarks, CASE WHEN o.state <> 'suppressed' THEN q.questions END AS questions,
           CASE WHEN o.state <> 'suppressed' THEN q.explanations END AS explanations
    FROM core.observation_log AS o
    JOIN quality.standing AS s ON s.submission = o.submission
    JOIN shown AS w ON w.form = o.form AND w.field = o.field
    LEFT JOIN mart.dictionary AS d ON d.kind = 'field' AND d.form = o.form AND d.name = o.field
    LEFT JOIN (SELECT submission, sheet, cell, any_value(raw) AS raw, string_agg(fix, '、') AS fix
               FROM quality.note GROUP BY submission, sheet, cell) AS n
           ON n.submission = o.submission AND n.sheet = o.sheet AND n.cell = o.cell
    LEFT JOIN question AS q ON q.submission = o.submission AND q.sheet = o.sheet AND q.cell = o.cell
), leaf AS (  -- a cell of a number; a row that counts, with the cells that make it count: of a roster each is noted
    SELECT submission, measure, org_code, is_number, sheet, row, item, value, state, raw, cell, remarks, questions, explanations
    FROM typed WHERE is_number
    UNION ALL BY NAME
    SELECT t.submission, t.measure, coalesce(r.org_code, t.org_code) AS org_code, false AS is_number, t.sheet, t.row,
           max(t.item) AS item, 1.0 AS value, 'value' AS state,
           string_agg(t.name_zh || '“' || coalesce(t.raw, '…') || '”', '，' ORDER BY t.place) AS raw,
           string_agg(t.cell, '、' ORDER BY t.place) AS cell, string_agg(t.remarks, '、' ORDER BY t.place) AS remarks,
           string_agg(t.questions, '；' ORDER BY t.place) AS questions,
           string_agg(t.explanations, '；' ORDER BY t.place) AS explanations
    FROM typed AS t
    LEFT JOIN core.counted_row AS r ON r.submission = t.submission AND r.measure = t.measure AND r.sheet = t.sheet AND r.row = t.row
    LEFT JOIN core.measure_log AS m ON m.submission = t.submission AND m.measure = t.measure AND m.org_code = t.org_code
    WHERE NOT t.is_number
      AND (r.row IS NOT NULL OR (m.value <> 0 AND t.measure NOT IN (SELECT measure FROM core.counted_row)))
    GROUP BY t.submission, t.measure, coalesce(r.org_code, t.org_code), t.sheet, t.row
), told AS (
    SELECT 1 AS depth, 'number' AS step, name_zh AS label, org_code AS of_node, year AS source_year, org_code AS source_code,
           org_name, value, state, reported_count, expected_count
    FROM asked
    UNION ALL BY NAME
    SELECT CASE WHEN s.step = 'formula' THEN 2 ELSE 3 END AS depth, s.step,
           CASE WHEN s.step = 'formula' THEN d.formula_zh ELSE d.name_zh END AS label,
           CASE WHEN s.step = 'formula' THEN d.formula END AS formula, CAST(code AS VARCHAR) AS of_node, m.turn AS source_year,
           m.org_code AS source_code, m.org_name,
           CASE WHEN s.step = 'formula' AND NOT m.has_suppressed AND m.published_state <> 'suppressed' THEN m.number
                WHEN s.step = 'peer' AND m.published_state <> 'suppressed' THEN m.value END AS value,
           CASE WHEN s.step = 'peer' THEN m.rank END AS rank,
           CASE WHEN m.is_suppressed OR (s.step = 'formula' AND m.has_suppressed) OR m.published_state = 'suppressed' THEN 'suppressed'
                WHEN (CASE WHEN s.step = 'formula' THEN m.number ELSE m.value END) = 0 THEN 'zero'
                WHEN (CASE WHEN s.step = 'formula' THEN m.number ELSE m.value END) IS NOT NULL THEN 'value'
                WHEN m.rank IS NULL THEN m.published_state ELSE 'not_reported' END AS state
    FROM made AS m CROSS JOIN (VALUES ('formula'), ('peer')) AS s(step)
    LEFT JOIN mart.dictionary AS d ON d.kind = 'indicator' AND d.name = indicator_id
    WHERE m.turn = report_year
      AND CASE WHEN s.step = 'formula' THEN m.is_asked ELSE m.window_function IN ('rank', 'rank_asc', 'percentile') END
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
    SELECT 6 AS depth, 'cell' AS step, u.position, u.term, u.label, u.of_node, u.source_year, u.source_code, u.org_name, u.place,
           CASE WHEN u.form = 'registry' THEN 1.0 WHEN u.state <> 'suppressed' THEN c.value END AS value, u.share,
           CASE WHEN u.form = 'registry' THEN 'value' WHEN u.state = 'suppressed' THEN u.state ELSE c.state END AS state,
           u.is_left_out, c.item,
           CASE WHEN u.form = 'registry' THEN '单位名录' WHEN u.state <> 'suppressed' THEN c.raw END AS raw,
           c.sheet, c.row, c.cell, u.submission, c.remarks, c.questions, c.explanations
    FROM unit AS u
    LEFT JOIN leaf AS c ON c.submission = u.submission AND c.measure = u.measure AND c.org_code = u.source_code
    WHERE u.form = 'registry' OR c.is_number OR (NOT c.is_number AND u.state <> 'suppressed')
)
SELECT t.step, indicator_id AS indicator, t.term, t.label, t.formula, t.of_node, t.source_year, t.source_code, t.org_name,
       t.place, t.value, t.rank, t.share, t.state, t.is_left_out, t.reported_count, t.expected_count, t.item, t.raw, t.sheet,
       t.cell, s.file_name, t.submission AS file_sha256, s.received_at, t.remarks, t.questions, t.explanations
FROM told AS t LEFT JOIN quality.submission_log AS s ON s.submission = t.submission
ORDER BY t.depth, t.rank, t.position, t.source_year, t.of_node, t.source_code, t.sheet, t.row, t.cell
