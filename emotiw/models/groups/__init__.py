"""From the people in an image to one answer for the group."""
