"""Models of one vector per clip."""
