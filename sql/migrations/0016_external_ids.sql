-- What a partner system calls a thing is unique where it is told. As partial indexes, so that none is a way to a row by its
-- edition: a plan made while a table was small could take that way and read the whole edition for each row it refers to.

ALTER TABLE rooms DROP CONSTRAINT rooms_one_per_external_id;
CREATE UNIQUE INDEX rooms_one_per_external_id ON rooms (edition_id, external_id) WHERE external_id IS NOT NULL;
ALTER TABLE tracks DROP CONSTRAINT tracks_one_per_external_id;
CREATE UNIQUE INDEX tracks_one_per_external_id ON tracks (edition_id, external_id) WHERE external_id IS NOT NULL;
ALTER TABLE speakers DROP CONSTRAINT speakers_one_per_external_id;
CREATE UNIQUE INDEX speakers_one_per_external_id ON speakers (edition_id, external_id) WHERE external_id IS NOT NULL;
ALTER TABLE registrations DROP CONSTRAINT registrations_one_per_external_id;
CREATE UNIQUE INDEX registrations_one_per_external_id ON registrations (edition_id, external_id) WHERE external_id IS NOT NULL;
ALTER TABLE pledges DROP CONSTRAINT pledges_one_per_external_id;
CREATE UNIQUE INDEX pledges_one_per_external_id ON pledges (edition_id, external_id) WHERE external_id IS NOT NULL;
