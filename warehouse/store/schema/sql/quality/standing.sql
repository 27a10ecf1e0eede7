SELECT unit_code, year, arg_max(submission, received_seq) AS submission, max(received_seq) AS received_seq
FROM quality.submission_log
WHERE decision = 'accepted'
GROUP BY unit_code, year
