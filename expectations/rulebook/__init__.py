"""The rules as typed records, their messages and their words; hands on a checked RuleBook."""
