"""What of a reply goes back to the client, and what is taken out. Pure."""
