"""Finished runs side by side: ablations, comparisons, leaderboards, reports, trackers."""
