WITH seen AS (
    SELECT unnest(range(min(year), max(year) + 1)) AS year FROM quality.standing
), asked AS (  -- each year with the years whose condition it asks for; of a streak all up to it, else itself
    SELECT s.year, c.year AS condition_year FROM seen AS s JOIN seen AS c ON c.year <= s.year
)
SELECT t.indicator, t.term, t.measure, CAST(a.year AS INTEGER) AS year, CAST(a.condition_year AS INTEGER) AS condition_year, y.source_year
FROM mart.term AS t
JOIN asked AS a ON t.window_function IS NOT DISTINCT FROM 'streak' OR a.condition_year = a.year,
     unnest(t.years) AS y(source_year)
WHERE y.source_year >= (SELECT min(year) FROM seen)
  AND CASE t.function WHEN 'prev' THEN y.source_year = a.condition_year - 1
                      WHEN 'prev2' THEN y.source_year = a.condition_year - 2
                      WHEN 'cumulative' THEN y.source_year BETWEEN coalesce(t.since, 0) AND a.condition_year
                      ELSE y.source_year = a.condition_year END
