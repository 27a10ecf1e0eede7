"""What lies ready in the morning: receipts, correction workbooks, the digest, pages, alerts."""
