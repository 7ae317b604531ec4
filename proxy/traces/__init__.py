"""Traces: which part of one an exchange is, and how that leaves."""
