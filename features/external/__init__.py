"""Features that another tool computed."""
