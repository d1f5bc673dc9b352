"""Late fusion: calibrated scores of several modalities into one, always out-of-fold."""
