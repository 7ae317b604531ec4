"""The same service inside a program: `from proxy import Keyless` (docs/library.md)."""
