SELECT run, journal_count, journal_hash, published_at, code_version, catalogue_version, rules_version
FROM warehouse.quality.run
ORDER BY published_at DESC, run DESC
LIMIT 1
