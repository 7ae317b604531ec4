#!/bin/sh
# paypalrestsdk 1.13.3 (PayPal), CPython 3.11: an API that refuses with 401, whatever the token, as for an account that may not call
# it. The SDK is given its endpoint by its own setting.
#
# Expected: one new token, one more try, and then UnauthorizedAccess.
# Seen: each 401 buys another token and tries again, without a pause and without an end but Python's depth of recursion: hundreds of
# tokens for one call, and the call itself sent as often, a POST, too. PayPal blocks accounts that buy a token for each payment.
#
# Output seen (the server of this script gives in after the 25th):
#   GET: 25 refusals, 26 tokens
#   POST: 25 refusals, 26 tokens
#
# Keyless: one replay, and a second refusal is the answer; refusals that no new token mends cost a token per pause, not one each
# (docs/tokens.md). A 401 that lasts still goes to such a client, whose calls then go on: docs/sdks.md says so. Exits 1 once it is
# otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'paypalrestsdk==1.13.3'
cat > "$folder/ask.py" <<'PYTHON'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import paypalrestsdk

logging.disable(logging.CRITICAL)
tokens = refusals = 0


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        global tokens, refusals
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, reply = 200, {}
        if self.path == "/v1/oauth2/token":
            tokens += 1
            reply = {"access_token": f"x{tokens}", "token_type": "Bearer", "expires_in": 32400}
        elif refusals < 25:
            refusals += 1
            status, reply = 401, {"name": "AUTHENTICATION_FAILURE", "message": "made up"}
        body = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = []
for method in ("GET", "POST"):
    tokens = refusals = 0
    url = f"http://127.0.0.1:{server.server_port}"
    api = paypalrestsdk.Api(mode="sandbox", endpoint=url, client_id="made-up-id", client_secret="made-up-secret")
    api.get("v1/made-up") if method == "GET" else api.post("v1/made-up", {})
    seen.append((refusals, tokens))
    print(f"{method}: {refusals} refusals, {tokens} tokens")
sys.exit(0 if seen == [(25, 26)] * 2 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
