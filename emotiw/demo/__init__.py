"""A small synthetic corpus to try the whole toolkit on; it says nothing about real emotions."""
