"""Challenges, recipes and weights cards, as data."""
