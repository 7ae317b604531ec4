"""A config that changes while the proxy runs: noticed, read, compared, held back or handed on, and told."""
