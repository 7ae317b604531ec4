"""What is counted and remembered of requests: numbers and short records, no sockets, no clocks, no formats."""
