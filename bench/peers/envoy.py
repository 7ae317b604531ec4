"""Envoy with its `credential_injector` filter and a generic secret; one worker thread, no access log."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from bench.install import install, program
from bench.peers.peer import MANY, TOKEN, Command, Peer, Setting, find, version_of

TYPE = "type.googleapis.com/envoy.extensions"


def binary() -> str:
    own = program("envoy", "envoy")
    return str(own) if own.exists() else find("envoy") or "envoy"


def config(setting: Setting) -> dict[str, Any]:
    return {
        "static_resources": {
            "secrets": [{"name": "credential", "generic_secret": {"secret": {"inline_string": f"Bearer {TOKEN}"}}}],
            "listeners": [
                {
                    "address": _address(setting.port),
                    "filter_chains": [{"filters": [_connection_manager()], **_listener_tls(setting)}],
                }
            ],
            "clusters": [_cluster(setting)],
        }
    }


def _connection_manager() -> dict[str, Any]:
    return {
        "name": "http",
        "typed_config": {
            "@type": f"{TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "bench",
            "route_config": {
                "virtual_hosts": [
                    {
                        "name": "api",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "api", "timeout": "0s"}}],
                    }
                ]
            },
            "http_filters": [
                {
                    "name": "envoy.filters.http.credential_injector",
                    "typed_config": {
                        "@type": f"{TYPE}.filters.http.credential_injector.v3.CredentialInjector",
                        "overwrite": True,
                        "credential": {
                            "name": "envoy.http.injected_credentials.generic",
                            "typed_config": {
                                "@type": f"{TYPE}.http.injected_credentials.generic.v3.Generic",
                                "credential": {"name": "credential"},
                            },
                        },
                    },
                },
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {"@type": f"{TYPE}.filters.http.router.v3.Router"},
                },
            ],
        },
    }


def _cluster(setting: Setting) -> dict[str, Any]:
    cluster: dict[str, Any] = {
        "name": "api",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {
            "thresholds": [{"max_connections": MANY, "max_pending_requests": MANY, "max_requests": MANY}]
        },
        "load_assignment": {
            "cluster_name": "api",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(setting.origin.port)}}]}],
        },
    }
    if setting.origin.tls:
        trusted = {"filename": str(setting.site.authority)}
        names = [{"san_type": "DNS", "matcher": {"exact": "localhost"}}]
        cluster["transport_socket"] = {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"{TYPE}.transport_sockets.tls.v3.UpstreamTlsContext",
                "sni": "localhost",
                "common_tls_context": {
                    "validation_context": {"trusted_ca": trusted, "match_typed_subject_alt_names": names}
                },
            },
        }
    return cluster


def _listener_tls(setting: Setting) -> dict[str, Any]:
    if not setting.secure:
        return {}
    files = {"filename": str(setting.site.certificate)}, {"filename": str(setting.site.key)}
    certificate = {"certificate_chain": files[0], "private_key": files[1]}
    return {
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"{TYPE}.transport_sockets.tls.v3.DownstreamTlsContext",
                "common_tls_context": {"tls_certificates": [certificate]},
            },
        }
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def command(setting: Setting) -> Command:
    file = setting.write("envoy.json", json.dumps(config(setting)))
    return Command([binary(), "-c", str(file), "--concurrency", "1", "--use-dynamic-base-id", "-l", "warn"])


@cache
def missing() -> str | None:
    return None if find("envoy") else install("envoy")


PEER = Peer(
    "envoy",
    "Envoy, credential_injector",
    missing,
    lambda: version_of(binary(), "--version").rpartition("/")[2],
    command,
)
