"""One modality's features into scores, out-of-fold by construction."""
