-- API processes remember tokens for a moment; what must make them ask again is told here.

CREATE OR REPLACE FUNCTION notify_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('forum_tokens', '');  -- equal news of one transaction is told once
    RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_token IS 'Tells every API process to ask after tokens again: a token or a role was changed.';

DROP TRIGGER tokens_notify ON tokens;
CREATE TRIGGER tokens_notify AFTER UPDATE OR DELETE ON tokens FOR EACH ROW EXECUTE FUNCTION notify_token();
CREATE TRIGGER grants_notify AFTER INSERT OR UPDATE OR DELETE ON grants FOR EACH ROW EXECUTE FUNCTION notify_token();
