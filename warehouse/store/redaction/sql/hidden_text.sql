-- Findings whose sentences hold numbers of measures some of whose counts are hidden, and explanations of these.
CREATE TEMP TABLE hidden_measure AS
SELECT DISTINCT measure FROM hidden_cell
UNION
SELECT name FROM mart.dictionary WHERE kind = 'measure' AND disclosure = 'protected';

CREATE TEMP TABLE hidden_finding AS
SELECT DISTINCT finding FROM quality.finding
WHERE field IN (FROM hidden_measure) OR list_has_any(fields, (SELECT list(measure) FROM hidden_measure));

CREATE TEMP TABLE hidden_explanation AS
SELECT explanation FROM quality.explanation
WHERE field IN (FROM hidden_measure) OR finding IN (FROM hidden_finding);

CREATE TEMP TABLE hidden_operands AS  -- what is told of one and explained: by a number in their place the two are still found together
SELECT finding, operands, '*' || row_number() OVER (PARTITION BY finding ORDER BY min(seq)) AS token
FROM (SELECT f.finding, f.operands, s.received_seq AS seq
      FROM quality.finding AS f JOIN quality.submission_log AS s ON s.submission = f.submission
      UNION ALL
      SELECT finding, operands, explanation FROM quality.explanation WHERE explanation IN (FROM hidden_explanation))
WHERE operands IS NOT NULL
  AND (finding IN (FROM hidden_finding) OR finding IN (SELECT finding FROM quality.explanation WHERE explanation IN (FROM hidden_explanation)))
GROUP BY finding, operands;

CREATE TEMP TABLE hidden_label AS  -- by these names other findings tell of these numbers, as cells that may be wrong
SELECT DISTINCT d.name_zh AS label FROM mart.dictionary AS d
WHERE d.kind IN ('measure', 'field') AND d.name IN (FROM hidden_measure);

-- Of a file that never stood nobody has worked out which other counts would tell its small ones: all of these forms are hidden.
CREATE TEMP TABLE hidden_measure_of_file AS
SELECT s.submission, m.name AS measure FROM quality.submission_log AS s CROSS JOIN mart.dictionary AS m
WHERE s.submission NOT IN (SELECT submission FROM quality.standing_log) AND m.kind = 'measure'
  AND m.form IN (SELECT form FROM mart.dictionary WHERE kind = 'measure' AND disclosure = 'protected');
