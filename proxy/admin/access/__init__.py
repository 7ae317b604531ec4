"""Who may look after the proxy, how a browser shows it, and how this machine gets in."""
