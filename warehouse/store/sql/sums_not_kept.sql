WITH level_total AS (
    SELECT year, measure, org_level, sum(value) AS value FROM core.measure GROUP BY year, measure, org_level
), total AS (
    SELECT year, indicator, sum(value) AS value
    FROM level_total JOIN plain USING (measure, org_level)
    GROUP BY year, indicator
)
SELECT concat_ws(' ', i.year, i.indicator, i.value, '≠', t.value)
FROM mart.indicator AS i SEMI JOIN plain AS p ON p.indicator = i.indicator
LEFT JOIN total AS t ON t.year = i.year AND t.indicator = i.indicator
WHERE i.org_level = 'city'
  AND abs(coalesce(i.value, 0) - coalesce(t.value, 0)) > 1e-6 * greatest(1, abs(i.value))
