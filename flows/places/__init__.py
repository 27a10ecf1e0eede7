"""Folders elsewhere that files are written to and read back from: of this machine, on SFTP servers, in S3 buckets."""
