"""Faces detected, followed from frame to frame, and aligned."""
