"""One self-contained HTML file that shows a run: figures, how sure they are, and every clip."""
