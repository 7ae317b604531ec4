"""`python -m bench`: Keyless beside other proxies, on one upstream, in one run. See bench/README.md."""
