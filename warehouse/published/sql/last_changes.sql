WITH moments AS (
    SELECT published_at FROM quality.run WHERE published_at IS NOT NULL ORDER BY published_at DESC LIMIT 2
), changed AS (
    SELECT year, org_code, any_value(org_name) AS org_name, any_value(org_level) AS org_level, indicator,
           any_value(name_zh) AS name_zh, any_value(unit) AS unit,
           any_value(old_value) AS old_value, any_value(new_value) AS new_value,
           any_value(old_state) AS old_state, any_value(new_state) AS new_state,
           string_agg(DISTINCT why, '、') AS why
    FROM changes((SELECT min(published_at) FROM moments), (SELECT max(published_at) FROM moments))
    WHERE org_level IN ('city', 'county') AND (SELECT count(*) FROM moments) = 2
    GROUP BY year, org_code, indicator
)
SELECT *, count(*) OVER () AS all_count
FROM changed
ORDER BY year DESC, org_level <> 'city', indicator, org_code
LIMIT ?
