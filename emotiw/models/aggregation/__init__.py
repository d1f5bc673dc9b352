"""From the faces of a group to one vector."""
