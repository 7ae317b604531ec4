"""HTTP/1.1 from clients: connections, and the requests that come over them."""
