"""Who speaks at an edition, and in which sessions. A name is public only with consent."""
