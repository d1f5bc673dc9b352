"""From the people in an image to the scores of the group."""
