"""The networks themselves; importing them imports torch."""
