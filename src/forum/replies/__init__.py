"""What people's calendars answer to invitations: who said that they come, and whose place may become free."""
