"""A run: its recipe, its folder, and the stages that fill it."""
