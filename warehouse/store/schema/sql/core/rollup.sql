WITH asked AS (  -- of villages, in the years in which it is asked
    SELECT DISTINCT r.year, r.measure FROM core.rollup_above_villages AS r
    JOIN mart.dictionary AS d ON d.kind = 'measure' AND d.name = r.measure
    WHERE list_contains(string_split(d.levels, ','), 'village') AND d.form IS NOT NULL  -- the registry's own counts nobody reports
), cell AS (
    SELECT c.year, c.node AS org_code, a.measure, m.value, coalesce(m.state, 'not_reported') AS state
    FROM core.contribution AS c
    JOIN asked AS a ON a.year = c.year
    JOIN core.org_unit AS u ON u.org_code = c.node AND u.org_level = 'village'
         AND c.year BETWEEN coalesce(u.valid_from, 0) AND coalesce(u.valid_to, 9999)
    LEFT JOIN core.measure AS m ON m.year = c.year AND m.org_code = c.node AND m.measure = a.measure
    WHERE c.source_year = c.year AND c.node = c.source_code
)
SELECT year, org_code, org_level, measure, value, state, reported_count, expected_count, coverage_pct
FROM core.rollup_above_villages
UNION ALL
SELECT year, org_code, 'village', measure, CASE WHEN state IN ('value', 'zero') THEN value END, state,
       (state IN ('value', 'zero', 'suppressed'))::BIGINT, (state <> 'not_applicable')::BIGINT,
       CASE state WHEN 'not_reported' THEN 0.0 WHEN 'not_applicable' THEN NULL ELSE 100.0 END
FROM cell
