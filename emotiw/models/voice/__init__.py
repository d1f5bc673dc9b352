"""The bundled voice model, trained from corpora of speech."""
