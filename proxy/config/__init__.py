"""From files to a validated config."""
