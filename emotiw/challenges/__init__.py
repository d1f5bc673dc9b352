"""Reads each challenge's folder into a manifest; the challenges themselves are data."""
