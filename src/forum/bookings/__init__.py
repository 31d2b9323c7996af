"""Session bookings: who has a place in which session, who waits for one, and who is next."""
