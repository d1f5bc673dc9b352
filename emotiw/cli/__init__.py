"""Groups of commands that the command line mounts; imports are paid when used."""
