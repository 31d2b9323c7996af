"""Series with their vocabularies, and the editions that are held of them."""
