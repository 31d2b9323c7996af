-- The indexes of mails serve what they are for, and look good for nothing else: PostgreSQL cannot know how many mails are under
-- way, or how many are about one session, a moment after they were made.

DROP INDEX messages_by_invited;
CREATE INDEX messages_by_invited ON messages (lower(recipient)) WHERE kind = 'invitation';
COMMENT ON INDEX messages_by_invited IS
    'By the address alone: with the session in it, it seemed as good for finding a person''s earlier mail about that, and led through those of everybody.';

DROP INDEX messages_of_batch;
CREATE INDEX messages_of_batch ON messages (batch_id) WHERE status = 'sending' AND batch_id IS NOT NULL;
COMMENT ON INDEX messages_of_batch IS
    'Names the batch in its condition too: without, it seemed as good for finding a mail under way by its id, and led through all of them.';
