"""Files of programme and pledges, loaded row by row through the same services as the API."""
