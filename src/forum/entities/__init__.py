"""States, cities and organizations, and the delegations with which they take part in an edition."""
