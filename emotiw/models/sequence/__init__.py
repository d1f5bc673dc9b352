"""Models of rows over time: frames, audio windows, spectrograms."""
