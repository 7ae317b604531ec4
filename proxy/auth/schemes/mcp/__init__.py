"""`scheme: mcp`: an MCP server says itself who gives tokens for it. Its keys, what it says, the client, its scheme."""
