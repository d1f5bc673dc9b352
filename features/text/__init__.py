"""What is said in clips: transcripts, and what is measured in them."""
