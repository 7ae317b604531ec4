#!/bin/sh
# python-amazon-sp-api 2.1.35 (Amazon's Selling Partner API), CPython 3.11: the issuer says how long a token lives, in `expires_in`.
#
# Expected: it is kept for that long at most.
# Seen: for 3,200 s, whatever `expires_in` says: a cache with a fixed time of its own (SP_API_AUTH_CACHE_TTL sets another, for all).
# A token with less left, as a token server or proxy may hand out, is sent for up to 53 minutes after its end. And where calls
# without a refresh token (grantless) take turns with two scopes, each turn buys a token, as a new one empties the cache.
#
# Output seen:
#   expires_in 1, asked again after 2 s: 1 token
#   two scopes in turn, three times: 6 tokens
#
# Keyless: the reply's own life counts; each scope has a cell of its own (trap 6). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'python-amazon-sp-api==2.1.35'
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

from sp_api.auth import AccessTokenClient

bought = 0


class Issuer(BaseHTTPRequestHandler):
    def do_POST(self):
        global bought
        self.rfile.read(int(self.headers["Content-Length"]))
        bought += 1
        body = json.dumps({"access_token": f"x{bought}", "token_type": "bearer", "expires_in": 1}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Issuer)
threading.Thread(target=server.serve_forever, daemon=True).start()
AccessTokenClient.scheme, AccessTokenClient.host = "http://", f"127.0.0.1:{server.server_port}"
keys = SimpleNamespace(lwa_app_id="made-up-id", lwa_client_secret="made-up-secret", refresh_token=None)
client = AccessTokenClient(refresh_token="made-up", credentials=keys)
first = client.get_auth().access_token
time.sleep(2)
dead = client.get_auth().access_token
kept = bought
print(f"expires_in 1, asked again after 2 s: {kept} token")
bought = 0
grantless = AccessTokenClient(credentials=keys)
for _ in range(3):
    for scope in ("notifications", "migration"):
        grantless.get_grantless_auth(f"sellingpartnerapi::{scope}")
print(f"two scopes in turn, three times: {bought} tokens")
sys.exit(0 if first == dead and (kept, bought) == (1, 6) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
