"""What an edition asks of those who register, and what they answered, for as long as its purpose needs."""
