WITH pair AS (
    SELECT unit_code, year, submission AS restated_by,
           lag(submission) OVER (PARTITION BY unit_code, year ORDER BY received_seq) AS earlier
    FROM quality.submission_log WHERE decision = 'accepted'
    QUALIFY earlier IS NOT NULL
), old AS (
    SELECT p.year, p.unit_code, p.earlier AS submission, p.restated_by, m.org_code, m.measure, m.value
    FROM pair AS p JOIN core.measure_log AS m ON m.submission = p.earlier
), new AS (
    SELECT p.year, p.unit_code, p.earlier AS submission, p.restated_by, m.org_code, m.measure, m.value
    FROM pair AS p JOIN core.measure_log AS m ON m.submission = p.restated_by
)
SELECT coalesce(new.year, old.year) AS year, coalesce(new.unit_code, old.unit_code) AS unit_code,
       coalesce(new.org_code, old.org_code) AS org_code, coalesce(new.measure, old.measure) AS measure,
       old.value AS old_value, new.value AS new_value,
       coalesce(new.submission, old.submission) AS submission,
       coalesce(new.restated_by, old.restated_by) AS restated_by
FROM old FULL JOIN new
  ON new.restated_by = old.restated_by AND new.org_code = old.org_code AND new.measure = old.measure
WHERE old.value IS DISTINCT FROM new.value
