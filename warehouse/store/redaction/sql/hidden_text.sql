-- Findings whose sentences hold numbers of measures some of whose counts are hidden, and explanations of these.
CREATE TEMP TABLE hidden_measure AS SELECT DISTINCT measure FROM hidden_cell;

CREATE TEMP TABLE hidden_finding AS
SELECT DISTINCT finding FROM quality.finding
WHERE field IN (FROM hidden_measure) OR list_has_any(fields, (SELECT list(measure) FROM hidden_measure));

CREATE TEMP TABLE hidden_explanation AS
SELECT explanation FROM quality.explanation
WHERE field IN (FROM hidden_measure) OR finding IN (FROM hidden_finding);
