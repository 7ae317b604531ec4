"""The proxy's own pages and endpoints."""
