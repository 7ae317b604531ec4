"""Log lines: what they look like, and how they leave."""
