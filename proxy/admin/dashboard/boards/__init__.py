"""One page for people per file, and what it alone needs."""
