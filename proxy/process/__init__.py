"""The process: its workers, what they share, and what reloads."""
