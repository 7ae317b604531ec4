"""The thin shell that awaits on behalf of the pure parts."""
