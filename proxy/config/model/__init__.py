"""The config language of docs/config.md as a validated, frozen model.

Owns: which keys exist, their types and defaults; those of providers stand with their schemes (auth/schemes). `keyless
schema` is printed from here. Must not know: files, the environment, YAML, or what a value is used for. The loader hands
in plain mappings whose `${...}` are resolved and whose presets are merged.
"""

from proxy.config.model.client import Browser, Client, ClientKey
from proxy.config.model.route import HeaderEdits, Replay, Route, Timeout
from proxy.config.model.service import Admin, Audit, Config, Limits, Log, Secrets, Trace
from proxy.config.model.tls import JwtClient, ListenerTls

__all__ = [
    "Admin",
    "Audit",
    "Browser",
    "Client",
    "ClientKey",
    "Config",
    "HeaderEdits",
    "JwtClient",
    "Limits",
    "ListenerTls",
    "Log",
    "Replay",
    "Route",
    "Secrets",
    "Timeout",
    "Trace",
]
