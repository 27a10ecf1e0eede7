"""Places elsewhere: folders that files are written to and read back from (this machine, SFTP, S3), the journal in PostgreSQL."""
