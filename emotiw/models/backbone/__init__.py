"""Face networks trained on labelled images."""
