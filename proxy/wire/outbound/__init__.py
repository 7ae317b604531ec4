"""HTTP/1.1 towards APIs: connections, their pool, how they are dialled. Only serve/upstream.py imports from here."""
