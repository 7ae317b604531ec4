"""HTTP/1.1 towards APIs: connections, their pool, how they are dialled."""
