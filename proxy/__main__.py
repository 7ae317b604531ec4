"""`python -m proxy` is `keyless`."""

from proxy.cli import main

main()
