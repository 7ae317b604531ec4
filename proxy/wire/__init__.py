"""Sockets, and HTTP/1.1 on them. Must not know: routes, tokens."""
