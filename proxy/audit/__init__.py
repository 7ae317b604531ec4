"""Who did what: a log that shows when anybody has changed it."""
