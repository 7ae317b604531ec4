"""nginx: `proxy_pass` with a fixed header, and the same with a token that Lua reads from shared memory."""

from __future__ import annotations

from pathlib import Path

from bench.peers.peer import BUSY, MANY, TOKEN, Command, Peer, Setting, find, lacks, version_of

MODULES = Path("/usr/lib/nginx/modules")
NDK, LUA_MODULE = MODULES / "ndk_http_module.so", MODULES / "ngx_http_lua_module.so"


def config(setting: Setting, *, lua: bool) -> str:
    load = f"load_module {NDK}; load_module {LUA_MODULE};" if lua else ""
    shared = (
        f"""
  lua_shared_dict tokens 1m;
  init_by_lua_block {{ ngx.shared.tokens:set("api", "{TOKEN}") }}"""
        if lua
        else ""
    )
    token = "$bearer" if lua else f'"Bearer {TOKEN}"'
    set_token = 'set_by_lua_block $bearer { return "Bearer " .. ngx.shared.tokens:get("api") }' if lua else ""
    scheme = "https" if setting.origin.tls else "http"
    tls = (
        f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {setting.site.authority}; proxy_ssl_name localhost;"
        " proxy_ssl_server_name on;"
        if setting.origin.tls
        else ""
    )
    # Event streams need it off, and 64 KiB replies cost three times as much without it.
    buffering = "proxy_buffering off;" if setting.origin == setting.site.api else ""
    listen_tls = f"ssl_certificate {setting.site.certificate}; ssl_certificate_key {setting.site.key};"
    folder = setting.folder
    return f"""
{load}
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections {MANY}; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; client_max_body_size 0; tcp_nodelay on;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;{shared}
  upstream api {{ server 127.0.0.1:{setting.origin.port}; keepalive {BUSY}; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{setting.port}{" ssl" if setting.secure else ""} backlog=4096;
    {listen_tls if setting.secure else ""}
    location / {{
      {set_token}
      proxy_pass {scheme}://api; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Authorization {token};
      proxy_request_buffering off; proxy_max_temp_file_size 0; {buffering} {tls}
    }}
  }}
}}
"""


def command(setting: Setting, *, lua: bool = False) -> Command:
    file = setting.write("nginx.conf", config(setting, lua=lua))
    errors = str(setting.folder / "nginx.err")
    return Command([find("nginx") or "nginx", "-p", str(setting.folder), "-e", errors, "-c", str(file)])


def _lua_missing() -> str | None:
    if not LUA_MODULE.exists():
        return "its module is not installed (Debian: libnginx-mod-http-lua)"
    return lacks("nginx", "nginx")()


PEER = Peer("nginx", "nginx proxy_pass", lacks("nginx", "nginx"), lambda: version_of("nginx", "-v"), command)
LUA = Peer(
    "nginx-lua",
    "nginx, token from Lua",
    _lua_missing,
    lambda: version_of("nginx", "-v"),
    lambda setting: command(setting, lua=True),
)
