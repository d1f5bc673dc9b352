"""From the people in a picture to one answer for the group."""
