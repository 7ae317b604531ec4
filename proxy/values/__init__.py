"""Values that the config and the rules of credentials are made of: leaves, with nothing of ours above them."""
