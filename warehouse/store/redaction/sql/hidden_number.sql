-- Numbers of mart.indicator_log and mart.comparison that read a hidden sum, or leave out others so that one could be worked out.
CREATE TEMP TABLE read_sum AS  -- which sums a number of a year reads
SELECT DISTINCT y.indicator, y.measure, t.window_function, y.year, y.source_year, t.is_aligned OR t.function IS NOT NULL AS is_partial
FROM mart.term_year AS y JOIN mart.term AS t USING (indicator, term)
WHERE y.measure IN (SELECT measure FROM hidden_cell);

CREATE TEMP TABLE viewed AS  -- the numbers of a year on its own boundaries, and on today's
SELECT year, year AS seen_from FROM seen
UNION
SELECT year, (SELECT max(year) FROM mart.indicator) FROM seen;

CREATE TEMP TABLE telling AS  -- numbers that read a hidden sum itself, or one above it
SELECT r.indicator, r.year, v.seen_from, h.org_code, false AS is_above, r.is_partial, r.window_function
FROM read_sum AS r JOIN viewed AS v USING (year)
JOIN hidden_sum AS h ON h.year = v.seen_from AND h.source_year = r.source_year AND h.measure = r.measure
UNION
SELECT r.indicator, r.year, v.seen_from, c.org_code, true, r.is_partial, r.window_function
FROM read_sum AS r JOIN viewed AS v USING (year)
JOIN counted AS c ON c.year = v.seen_from AND c.source_year = r.source_year AND c.measure = r.measure;

CREATE TEMP TABLE hidden_number AS
WITH own AS (
    SELECT DISTINCT i.year, i.org_code, i.org_level, i.indicator, i.known_from, i.known_to IS NULL AS is_current
    FROM mart.indicator_log AS i
    JOIN telling AS t ON t.indicator = i.indicator AND t.year = i.year AND t.seen_from = i.year AND t.org_code = i.org_code
    -- A sum that was published before tells, by what has changed since, of the units that have reported since.
    WHERE NOT t.is_above OR i.known_to IS NOT NULL
       OR (t.is_partial AND i.reported_count IS DISTINCT FROM i.expected_count)
), compared AS (  -- an order among hidden and other numbers tells of the hidden ones
    SELECT DISTINCT o.year, o.org_level, o.indicator, o.is_current FROM own AS o
    JOIN mart.term AS t ON t.indicator = o.indicator AND t.window_function IN ('rank', 'rank_asc', 'percentile')
), divided AS (  -- a share and the number it is a share of tell the whole
    SELECT DISTINCT t.year, t.indicator FROM telling AS t
    JOIN core.org_unit AS u ON u.org_code = t.org_code AND u.org_level = 'city'
    WHERE t.window_function = 'share' AND NOT t.is_above
)
SELECT year, org_code, indicator, known_from FROM own
UNION
SELECT i.year, i.org_code, i.indicator, i.known_from FROM mart.indicator_log AS i
JOIN compared AS c ON c.year = i.year AND c.org_level = i.org_level AND c.indicator = i.indicator
     AND c.is_current = (i.known_to IS NULL)
UNION
SELECT i.year, i.org_code, i.indicator, i.known_from FROM mart.indicator_log AS i JOIN divided USING (year, indicator);

CREATE TEMP TABLE hidden_redrawn AS
WITH own AS (
    SELECT DISTINCT i.year, i.org_code, i.org_level, i.indicator
    FROM mart.redrawn AS i
    JOIN telling AS t ON t.indicator = i.indicator AND t.year = i.year AND t.org_code = i.org_code
         AND t.seen_from = (SELECT max(year) FROM mart.indicator)
    WHERE NOT t.is_above OR (t.is_partial AND i.reported_count IS DISTINCT FROM i.expected_count)
), together AS (  -- places and shares
    SELECT DISTINCT o.year, o.indicator FROM own AS o
    JOIN mart.term AS t ON t.indicator = o.indicator AND t.window_function IS NOT NULL
)
SELECT year, org_code, indicator FROM own
UNION
SELECT i.year, i.org_code, i.indicator FROM mart.redrawn AS i JOIN together USING (year, indicator);

CREATE TEMP TABLE hidden_comparison AS
WITH read AS (  -- this year's sums and those of the year before
    SELECT indicator, measure, window_function, year, source_year FROM read_sum
    UNION
    SELECT indicator, measure, window_function, year, source_year - 1 FROM read_sum
), own AS (
    SELECT c.year, c.org_code, c.indicator
    FROM mart.comparison AS c JOIN read AS r USING (indicator, year)
    JOIN hidden_sum AS h ON h.year = c.year AND h.org_code = c.org_code AND h.source_year = r.source_year AND h.measure = r.measure
    UNION
    SELECT c.year, c.org_code, c.indicator
    FROM mart.comparison AS c JOIN read AS r USING (indicator, year)
    JOIN counted AS h ON h.year = c.year AND h.org_code = c.org_code AND h.source_year = r.source_year AND h.measure = r.measure
    WHERE c.comparable_pct IS DISTINCT FROM 100 OR c.previous_coverage_pct IS DISTINCT FROM 100
    UNION
    SELECT n.year, n.org_code, n.indicator FROM hidden_number AS n
    JOIN mart.indicator AS i USING (year, org_code, indicator, known_from)  -- of what is published now
), together AS (  -- ranks, shares
    SELECT DISTINCT o.year, o.indicator FROM own AS o
    JOIN mart.term AS t ON t.indicator = o.indicator AND t.window_function IS NOT NULL
)
SELECT DISTINCT year, org_code, indicator FROM own
UNION
SELECT c.year, c.org_code, c.indicator FROM mart.comparison AS c JOIN together USING (year, indicator);
