WITH both_know AS (
    SELECT s.submission FROM quality.submission AS s
    JOIN previous.quality.submission_log AS p ON p.submission = s.submission
    WHERE s.is_latest AND s.decision <> 'refused'
), now AS (
    SELECT f.submission, f.rule, f.form, f.org_code, f.item, f.field, f.operands
    FROM quality.finding AS f SEMI JOIN both_know USING (submission)
), before AS (
    SELECT f.submission, f.rule, f.form, f.org_code, f.item, f.field, f.operands
    FROM previous.quality.finding AS f SEMI JOIN both_know USING (submission)
)
SELECT DISTINCT submission
FROM ((FROM now EXCEPT FROM before) UNION ALL (FROM before EXCEPT FROM now))
ORDER BY submission
