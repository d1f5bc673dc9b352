"""What is done to fused scores at last, where held-out groups say that it helps."""
