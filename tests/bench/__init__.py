"""How fast Forum is, as ratios against bare routes on the same server in the same run: `python -m tests.bench`."""
