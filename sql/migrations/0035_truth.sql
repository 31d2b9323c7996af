-- Calendars that show what is true whatever happens: who may hold an entry is told of its end, also when nobody knows whether the
-- mail that brought it has arrived. How they are compared with the programme stands where digests are.

ALTER TABLE messages ADD COLUMN may_be_there boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN messages.may_be_there IS
    'A mail server was lost while it took it: nobody knows whether the recipient has it, whatever becomes of it.';

DROP INDEX messages_by_invited;
CREATE INDEX messages_by_invited ON messages (lower(recipient), session_id, number) WHERE kind = 'invitation';
COMMENT ON INDEX messages_by_invited IS
    'By the address first: it finds the earlier news of an entry at an address, and is of no use where only the session is known.';

CREATE OR REPLACE FUNCTION follow_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'superseded' THEN
        UPDATE messages SET digest_id = NULL WHERE digest_id = NEW.id AND status = 'queued';
    ELSE
        UPDATE messages SET status = NEW.status, sent_at = NEW.sent_at, attempts = NEW.attempts, last_error = NEW.last_error,
               bounced_at = NEW.bounced_at, may_be_there = NEW.may_be_there
        WHERE digest_id = NEW.id AND (status IN ('queued', 'sending') OR (status, NEW.status) = ('sent', 'bounced'));
    END IF;
    RETURN NULL;
END $$;
