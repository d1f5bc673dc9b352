"""What organisers receive: written, checked and counted."""
