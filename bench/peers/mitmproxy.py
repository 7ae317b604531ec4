"""mitmproxy in reverse mode, with its own `modify_headers`; flows stream and nothing is printed."""

from __future__ import annotations

from functools import cache

from bench.install import install, program
from bench.peers.peer import TOKEN, Command, Peer, Setting, find, version_of


def binary() -> str:
    own = program("mitmproxy", "mitmdump")
    return str(own) if own.exists() else find("mitmdump") or "mitmdump"


def command(setting: Setting) -> Command:
    argv = [binary(), "--quiet", "--mode", f"reverse:{setting.origin.url}", "--listen-host", "127.0.0.1"]
    argv += [
        "--listen-port",
        str(setting.port),
        "--set",
        f"confdir={setting.folder}",
        "--set",
        "stream_large_bodies=64k",
    ]
    argv += ["--set", f"ssl_verify_upstream_trusted_ca={setting.site.authority}"]
    return Command([*argv, "--modify-headers", f"|~q|Authorization|Bearer {TOKEN}"])


@cache
def missing() -> str | None:
    return None if find("mitmdump") else install("mitmproxy")


PEER = Peer(
    "mitmproxy",
    "mitmproxy, reverse mode",
    missing,
    lambda: version_of(binary(), "--version"),
    command,
    slow=True,
    once=True,
)
