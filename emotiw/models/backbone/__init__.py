"""Face networks trained on labelled pictures."""
