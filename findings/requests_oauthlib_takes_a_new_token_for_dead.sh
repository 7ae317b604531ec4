#!/bin/sh
# requests-oauthlib 2.0.0 with oauthlib 4.0.1, CPython 3.11: a session with `auto_refresh_url` has a token that has expired. The
# issuer answers the refresh with a new token and no `expires_in`, which RFC 6749 only recommends.
#
# Expected: the API is called with the new token, whose life is unknown.
# Seen: the new token is given to `token_updater`, and then TokenExpiredError is raised: the end of the token before it still
# counts, as a reply without an end changes nothing. The API is never called, and each try costs one more refresh.
#
# Output seen:
#   expires_in, in the reply: 1 refreshes, 3 calls arrived
#   no expires_in: 3 refreshes, 0 calls arrived, TokenExpiredError
#
# Keyless: a reply's life never comes from the token before it; without one it is 300 s (proxy/auth, trap 8). Exits 1 once it
# is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'requests-oauthlib==2.0.0' 'oauthlib==4.0.1'
cat > "$folder/ask.py" <<'PYTHON'
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from oauthlib.oauth2 import TokenExpiredError
from requests_oauthlib import OAuth2Session

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the issuer is on loopback
seen, life = [], {}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen.append(self.path)
        body = json.dumps({"access_token": "new", "token_type": "Bearer", **life}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"


def calls():
    seen.clear()
    kept = []
    old = {"access_token": "old", "token_type": "Bearer", "refresh_token": "made-up", "expires_at": time.time() - 60}
    session = OAuth2Session("client", token=old, auto_refresh_url=url + "/token", token_updater=kept.append)
    raised = 0
    for _ in range(3):
        try:
            session.get(url + "/api")
        except TokenExpiredError:
            raised += 1
    assert all(token["access_token"] == "new" for token in kept) and len(kept) == seen.count("/token")
    return seen.count("/token"), seen.count("/api"), raised


life = {"expires_in": 3600}
told = calls()
print(f"expires_in, in the reply: {told[0]} refreshes, {told[1]} calls arrived")
life = {}
untold = calls()
print(f"no expires_in: {untold[0]} refreshes, {untold[1]} calls arrived, TokenExpiredError")
sys.exit(0 if told == (1, 3, 0) and untold == (3, 0, 3) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
