"""Descriptors of the voice and of other sound."""
