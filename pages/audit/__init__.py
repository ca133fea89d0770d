"""审计: who did what, when; for auditors and administrators."""
