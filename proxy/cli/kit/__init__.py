"""What commands share. Must not know: which commands there are."""
