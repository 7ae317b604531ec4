"""Any other HTTP exchange that ends in a token: its keys, its requests, its flow."""
