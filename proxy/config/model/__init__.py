"""The config language of DESIGN §2 as a validated, frozen model.

Owns: which keys exist, their types and defaults; `keyless schema` is printed from here. Must not know: files, the
environment, YAML, or what a value is used for. The loader hands in plain mappings whose `${...}` are resolved and
whose presets are merged.
"""

from proxy.config.model.client import Browser, Client
from proxy.config.model.provider import (
    Assertion,
    ErrorRule,
    ExpiresAt,
    ExpiresIn,
    Inject,
    IssuerTls,
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
from proxy.config.model.service import Admin, Config, Limits, Log, Secrets
from proxy.config.model.values import Secretive, Strict

__all__ = [
    "Admin",
    "Assertion",
    "Browser",
    "Client",
    "Config",
    "ErrorRule",
    "ExpiresAt",
    "ExpiresIn",
    "HeaderEdits",
    "Inject",
    "IssuerTls",
    "Limits",
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
    "TokenRequest",
]
