"""Networks that turn pictures of faces into embeddings."""
