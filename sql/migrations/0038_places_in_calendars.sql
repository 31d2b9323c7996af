-- The place that calendars show is a name: a room that has another is another place to go to.

CREATE FUNCTION tell_of_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sessions SET calendar_sequence = calendar_sequence + 1, revised_at = NEW.revised_at
    WHERE edition_id = NEW.edition_id AND room_id = NEW.id AND (ends_at IS NULL OR ends_at > NEW.revised_at);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_room IS 'RFC 5546 section 2.1.4: SEQUENCE rises when LOCATION changes; of what is over nobody is told.';
CREATE TRIGGER rooms_are_told_of AFTER UPDATE OF name, venue ON rooms
    FOR EACH ROW WHEN ((NEW.name, NEW.venue) IS DISTINCT FROM (OLD.name, OLD.venue)) EXECUTE FUNCTION tell_of_room();
