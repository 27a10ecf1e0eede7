-- The journals of one or several offices; a line stands as in journal.jsonl, without its newline.
CREATE TABLE nianbao_journal (
    office text NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    line text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (office, seq)
);
COMMENT ON TABLE nianbao_journal IS '年报登记簿：只追加，逐条以校验值相连';
COMMENT ON COLUMN nianbao_journal.office IS '哪一套登记簿（地址中的 office）';
COMMENT ON COLUMN nianbao_journal.seq IS '第几条，自 1 起';
COMMENT ON COLUMN nianbao_journal.line IS '该条原文（JSON，不含换行）';
COMMENT ON COLUMN nianbao_journal.recorded_at IS '写入数据库的时间';

CREATE OR REPLACE FUNCTION nianbao_journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '登记簿只能追加，不能修改或删除（%）', TG_OP;
END
$$;
CREATE TRIGGER nianbao_journal_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON nianbao_journal
    FOR EACH STATEMENT EXECUTE FUNCTION nianbao_journal_refuse();
-- Always: a session that calls itself a replica would pass by an ordinary trigger.
ALTER TABLE nianbao_journal ENABLE ALWAYS TRIGGER nianbao_journal_append_only;
REVOKE UPDATE, DELETE, TRUNCATE ON nianbao_journal FROM PUBLIC, CURRENT_USER;
