"""Features and models where answers are asked for step by step."""
