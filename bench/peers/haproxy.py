"""HAProxy with `http-request set-header`; one thread."""

from __future__ import annotations

from pathlib import Path

from bench.peers.peer import MANY, TOKEN, Command, Peer, Setting, find, lacks, version_of


def config(setting: Setting) -> str:
    tls = (
        f" ssl verify required ca-file {setting.site.authority} sni str(localhost) verifyhost localhost"
        if setting.origin.tls
        else ""
    )
    listen_tls = f" ssl crt {_together(setting)}" if setting.secure else ""
    # It reckons two descriptors per connection, and where that is more than it may have it would not start.
    return f"""
global
  nbthread 1
  maxconn {MANY // 2 + 500}
  no strict-limits
  log /dev/null local0
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  http-reuse always
frontend bench
  bind 127.0.0.1:{setting.port}{listen_tls}
  http-request set-header Authorization "Bearer {TOKEN}"
  default_backend api
backend api
  server api 127.0.0.1:{setting.origin.port}{tls}
"""


def _together(setting: Setting) -> Path:
    """Certificate and key in one file, as it wants them."""
    site = setting.site
    return setting.write("listener.pem", site.certificate.read_text("ascii") + site.key.read_text("ascii"))


def command(setting: Setting) -> Command:
    file = setting.write("haproxy.cfg", config(setting))
    return Command([find("haproxy") or "haproxy", "-f", str(file), "-db"])


PEER = Peer("haproxy", "HAProxy", lacks("haproxy", "haproxy"), lambda: version_of("haproxy", "-v"), command)
