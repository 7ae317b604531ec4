"""Which replies a route's cache may keep, for how long, under which key, and how much of them (RFC 9111). Pure."""
