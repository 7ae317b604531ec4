"""What a running proxy lends to commands: session keys, and what they need to know of its routes."""
