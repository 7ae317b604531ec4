"""What a config must be beyond its types, and what is no mistake and weakens security."""
