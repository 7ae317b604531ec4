"""Calls to issuers: where they may go, and what went wrong with one."""
