SELECT {year} AS year, count(*) AS row_count, sum(hash(t)::HUGEINT)::VARCHAR AS content_hash
FROM {source} AS t
GROUP BY 1
