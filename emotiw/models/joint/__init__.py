"""Models over several features: joined before anything is learnt, or within one network."""
