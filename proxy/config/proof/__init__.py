"""A preset's own examples, run through the code that the proxy runs: what should come out, and what does."""
