CREATE VIEW quality.snapshot AS
SELECT snapshot_id, snapshot_time, author, commit_message, commit_extra_info
FROM lake.snapshots()
