"""How good scores are, how sure that is, and what they are better than."""
