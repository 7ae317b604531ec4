"""Who may ask, and how much: decided before any token is touched. Pure."""
