"""Keyless: a reverse proxy that adds the credential."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("keyless")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
