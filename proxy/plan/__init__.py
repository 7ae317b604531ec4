"""What the config means for a request, worked out once per load."""
