"""What an issuer's reply says: the token, how long it lives, or what went wrong."""
