"""Files from where they are: what lies in other folders, on SFTP servers, in S3 buckets and mailboxes comes into the inbox."""
