"""What is seen in single frames: embeddings of faces, of everyone, of the whole scene."""
