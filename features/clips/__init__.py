"""What is seen in snippets: networks over several frames at once."""
