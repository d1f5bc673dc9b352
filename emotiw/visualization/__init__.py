"""Images, videos and charts for a person to look at."""
