WITH term AS (  -- with the years that are read
    SELECT t.*, y.year, y.condition_year, y.source_year
    FROM mart.term AS t JOIN mart.term_year AS y ON y.indicator = t.indicator AND y.term = t.term
    WHERE t.indicator = indicator_id AND y.year BETWEEN first_year AND last_year
), source AS (  -- what each unit said that was asked
    SELECT r.measure, r.source_year, u.org_code AS source_code, m.submission,
           CASE WHEN r.form = 'registry' THEN 1.0 WHEN m.state IN ('value', 'zero') THEN m.value END AS value,
           CASE WHEN r.form = 'registry' THEN 'value' ELSE coalesce(m.state, 'not_reported') END AS state
    FROM (SELECT DISTINCT measure, form, levels, source_year FROM term) AS r
    JOIN core.org_unit AS u ON list_contains(r.levels, u.org_level)
         AND r.source_year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
    LEFT JOIN core.measure AS m ON m.year = r.source_year AND m.org_code = u.org_code AND m.measure = r.measure
), part AS (  -- and who carries it on in the year asked about
    SELECT t.year, t.condition_year, t.term, t.measure, t.source_year, t.is_aligned, t.block_level, s.source_code, s.submission,
           s.state, s.value, coalesce(h.org_code, s.source_code) AS org_code, coalesce(h.share, 1.0) AS heir_share,
           CASE WHEN s.value IS NOT NULL THEN coalesce(d.value, s.value * coalesce(h.share, 1.0)) END AS part_value,
           CASE WHEN s.state = 'not_applicable' THEN 0.0 ELSE coalesce(h.share, 1.0) END AS expected,
           CASE WHEN s.state IN ('value', 'zero', 'suppressed') THEN coalesce(h.share, 1.0) ELSE 0.0 END AS reported
    FROM term AS t
    JOIN source AS s ON s.measure = t.measure AND s.source_year = t.source_year
    LEFT JOIN core.heir AS h ON h.year = t.year AND h.source_year = t.source_year AND h.source_code = s.source_code
    LEFT JOIN core.handed_on AS d ON d.year = t.year AND d.source_year = t.source_year AND d.source_code = s.source_code
         AND d.org_code = h.org_code AND d.measure = t.measure
), above AS (  -- every unit of a year with the units that it belongs to
    SELECT c.year, c.source_code AS org_code, max(c.node) FILTER (u.org_level = 'township') AS township,
           max(c.node) FILTER (u.org_level = 'county') AS county, list({node: c.node, level: u.org_level}) AS nodes
    FROM core.contribution AS c
    JOIN core.org_unit AS u ON u.org_code = c.node
         AND c.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
    WHERE c.source_year = c.year AND c.year BETWEEN first_year AND last_year
    GROUP BY c.year, c.source_code
), based AS (  -- a village is read by itself, whatever the rest of its township lacks
    SELECT p.*, a.nodes, v.of_village,
           CASE WHEN v.of_village THEN p.org_code ELSE coalesce(a.township, p.org_code) END AS base,
           CASE WHEN p.block_level = 'city' THEN 'city' WHEN p.block_level = 'county' THEN coalesce(a.county, p.org_code)
                WHEN v.of_village THEN p.org_code ELSE coalesce(a.township, p.org_code) END AS block
    FROM part AS p CROSS JOIN (VALUES (false), (true)) AS v(of_village)
    JOIN above AS a ON a.year = p.year AND a.org_code = p.org_code
), judged AS (  -- whether a base lacks a cell of a term
    SELECT *, is_aligned AND sum(reported) OVER cells < sum(expected) OVER cells - 1e-6 AS is_lacking
    FROM based WINDOW cells AS (PARTITION BY year, condition_year, of_village, block, base, term)
), joined AS (  -- then its block is left out of all of them
    SELECT *, bool_or(is_lacking) OVER (PARTITION BY year, condition_year, of_village, block) AS is_left_out FROM judged
)
SELECT b.year, b.condition_year, b.term, b.measure, n.place.node AS of_node, n.place.level AS org_level, b.source_year, b.source_code,
       b.org_code, b.submission, b.state, b.value AS own_value, b.part_value AS value,
       CASE WHEN coalesce(b.value, 0) <> 0 THEN b.part_value / b.value ELSE b.heir_share END AS share,
       b.expected AS expected_count, b.reported AS reported_count, b.is_left_out
FROM joined AS b, unnest(b.nodes) AS n(place)
WHERE (n.place.level = 'village') = b.of_village
