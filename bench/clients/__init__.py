"""Load that wrk can't make. Each module runs as a process of its own and prints one line of JSON."""
