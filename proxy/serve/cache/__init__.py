"""Where replies are kept, and what a request gets of them: the shell around plan/caching."""
