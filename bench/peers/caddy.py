"""Caddy's `reverse_proxy` with `header_up`, on one thread of Go."""

from __future__ import annotations

from bench.peers.peer import BUSY, TOKEN, Command, Peer, Setting, find, lacks, version_of


def config(setting: Setting) -> str:
    tls = (
        f"tls_trusted_ca_certs {setting.site.authority}\n      tls_server_name localhost" if setting.origin.tls else ""
    )
    return f"""
{{
  admin off
  auto_https off
}}
http://127.0.0.1:{setting.port} {{
  reverse_proxy 127.0.0.1:{setting.origin.port} {{
    header_up Authorization "Bearer {TOKEN}"
    flush_interval -1
    transport http {{
      {tls}
      keepalive_idle_conns_per_host {BUSY}
    }}
  }}
}}
"""


def command(setting: Setting) -> Command:
    file = setting.write("Caddyfile", config(setting))
    home = str(setting.folder)
    env = {"GOMAXPROCS": "1", "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
    return Command([find("caddy") or "caddy", "run", "--adapter", "caddyfile", "--config", str(file)], env)


PEER = Peer("caddy", "Caddy", lacks("caddy", "caddy"), lambda: version_of("caddy", "version"), command)
