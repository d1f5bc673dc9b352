"""What is measured in clips: faces, frame embeddings, snippets, sound."""
