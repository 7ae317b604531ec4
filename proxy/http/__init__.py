"""Words of HTTP/1.1: pure, and nothing of ours above them but errors."""
