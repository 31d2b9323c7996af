"""Lists of speakers: who asks for the floor in a plenary, in what order they have it, and for how long."""
