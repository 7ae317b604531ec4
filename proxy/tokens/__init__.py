"""How tokens are come by, kept and shared."""
