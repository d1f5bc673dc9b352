"""Networks over face crops, trained end to end."""
