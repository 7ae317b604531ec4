"""The config language of docs/config.md as a validated, frozen model.

Owns: which keys exist, their types and defaults; `keyless schema` is printed from here. Must not know: files, the
environment, YAML, or what a value is used for. The loader hands in plain mappings whose `${...}` are resolved and
whose presets are merged.
"""

from proxy.config.model.client import Browser, Client, ClientKey
from proxy.config.model.provider import (
    Assertion,
    ErrorRule,
    ExpiresAt,
    ExpiresIn,
    Inject,
    IssuerProvider,
    LoginProvider,
    OAuth2Provider,
    Provider,
    ProviderCommon,
    Refresh,
    RefusalRule,
    ReplyMap,
    StandIn,
    StaticProvider,
    TokenRequest,
)
from proxy.config.model.route import HeaderEdits, Replay, Route, Timeout
from proxy.config.model.service import Admin, Audit, Config, Limits, Log, Secrets
from proxy.config.model.tls import JwtClient, ListenerTls, TlsFiles
from proxy.config.model.values import Secretive, Strict

__all__ = [
    "Admin",
    "Assertion",
    "Audit",
    "Browser",
    "Client",
    "ClientKey",
    "Config",
    "ErrorRule",
    "ExpiresAt",
    "ExpiresIn",
    "HeaderEdits",
    "Inject",
    "IssuerProvider",
    "JwtClient",
    "Limits",
    "ListenerTls",
    "Log",
    "LoginProvider",
    "OAuth2Provider",
    "Provider",
    "ProviderCommon",
    "Refresh",
    "RefusalRule",
    "Replay",
    "ReplyMap",
    "Route",
    "Secretive",
    "Secrets",
    "StandIn",
    "StaticProvider",
    "Strict",
    "Timeout",
    "TlsFiles",
    "TokenRequest",
]
