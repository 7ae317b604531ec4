"""Signing requests: what goes into a digest, what an SDK has said of it already, and the vendors' algorithms."""
