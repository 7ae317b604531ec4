"""Where secrets come from, how they are sealed, and which values are some."""
