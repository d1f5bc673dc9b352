"""Reads each challenge's folder into a manifest; the challenges themselves are data."""

from emotiw.challenges.reading import READERS, read_challenge, submission_ids

__all__ = ["READERS", "read_challenge", "submission_ids"]
