"""Networks that turn images of faces into embeddings."""
