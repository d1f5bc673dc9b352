"""The stages of a run, one module each: every one reads files, writes files and can stand alone."""
