"""Is this submission believable: rules, Great Expectations suites, findings, and the workbooks given back."""
