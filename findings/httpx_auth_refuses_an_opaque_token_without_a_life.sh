#!/bin/sh
# httpx-auth 0.23.1, CPython 3.11: client credentials, and an issuer whose token is opaque and comes without `expires_in`, which
# RFC 6749, section 5.1, only recommends.
#
# Expected: the token is used; how long to keep it is the client's own choice.
# Seen: ValueError, "not enough values to unpack (expected 3, got 1)": without `expires_in` the token is read as a JWT for its
# `exp`, whatever it looks like. The API is never called. A JWT with an `exp` does.
#
# Output seen:
#   expires_in 3600: 1 token, 1 call
#   no expires_in, a JWT: 1 token, 1 call
#   no expires_in, opaque: 1 token, 0 calls, ValueError
#
# Keyless: `expires_in`, an absolute end, a JWT's `exp`, the provider's `ttl`, else 300 s (docs/lifecycle.md). Exits 1 once it is
# otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'httpx-auth==0.23.1' 'httpx==0.28.1'
cat > "$folder/ask.py" <<'PYTHON'
import base64
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
from httpx_auth import OAuth2ClientCredentials

seen, token = [], {}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen.append(self.path)
        body = json.dumps({"token_type": "Bearer", **token}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


def jwt(claims):
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".made-up"


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
tokens = {
    "expires_in 3600": {"access_token": "opaque", "expires_in": 3600},
    "no expires_in, a JWT": {"access_token": jwt({"exp": time.time() + 3600})},
    "no expires_in, opaque": {"access_token": "opaque"},
}
told = []
for what, token in tokens.items():
    seen.clear()
    said = ""
    with httpx.Client(auth=OAuth2ClientCredentials(url + "/token", "made-up-id", f"made-up-secret of {what}")) as client:
        try:
            client.get(url + "/api")
        except ValueError:
            said = ", ValueError"
    calls = seen.count("/api")
    told.append(f"{what}: {seen.count('/token')} token, {calls} call{'' if calls == 1 else 's'}{said}")
    print(told[-1])
endings = ["1 token, 1 call", "1 token, 1 call", "1 token, 0 calls, ValueError"]
sys.exit(0 if [line.split(": ")[1] for line in told] == endings else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
