"""Where a credential goes, and how it gets there."""
