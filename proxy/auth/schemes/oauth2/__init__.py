"""`scheme: oauth2`: its keys (keys.py), its scheme (scheme.py), and a file for each step of its flows."""
