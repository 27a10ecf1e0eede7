coalesce(
    (SELECT max(r.released_at) FROM mart.release AS r WHERE r.release = CAST(moment AS VARCHAR)),
    CASE WHEN regexp_full_match(CAST(moment AS VARCHAR), '\d{4}-\d{2}-\d{2}')
         THEN CAST(CAST(moment AS VARCHAR) AS TIMESTAMP) + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND END,
    try_cast(CAST(moment AS VARCHAR) AS TIMESTAMP),
    error('没有名为“' || CAST(moment AS VARCHAR) || '”的版本，它也不是日期或时刻（如 2025-03-01、2025-03-01 09:00）。'))
