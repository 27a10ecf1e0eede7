SELECT year, condition_year, of_node AS org_code, org_level, term,
       CASE WHEN NOT coalesce(bool_or(state = 'suppressed') FILTER (NOT is_left_out), false)
            THEN sum(value) FILTER (NOT is_left_out) END AS value,
       CAST(ceil(coalesce(sum(reported_count) FILTER (NOT is_left_out), 0) - 1e-6) AS BIGINT) AS reported_count,
       CAST(ceil(sum(expected_count) - 1e-6) AS BIGINT) AS expected_count
FROM term_parts(indicator_id, 0, 9999)
GROUP BY year, condition_year, of_node, org_level, term
