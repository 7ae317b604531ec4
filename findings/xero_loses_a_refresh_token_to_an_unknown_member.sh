#!/bin/sh
# xero-python 15.2.0 (Xero), CPython 3.11: a refresh with a rotating refresh token, and a reply with one member more than the SDK
# knows. RFC 6749, section 5.1: a client must ignore unknown ones.
#
# Expected: it is ignored; the new tokens are used, and handed to the program's `oauth2_token_saver`.
# Seen: TypeError: the reply's members are the arguments of a method. The old refresh token is redeemed, the new one is lost, since
# the saver is called after that: the next try sends the old one again, and the issuer takes the login for stolen.
#
# Output seen:
#   the members that it knows: saved made-up-1; 1 refresh
#   and session_state: saved made-up-0, TypeError; 2 refreshes, both of made-up-0
#
# Keyless: reads the parts of a reply by name, and keeps the new refresh token before anything else is done with the reply (trap 15).
# Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'xero-python==15.2.0'
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi

sent, more = [], {}


class Issuer(BaseHTTPRequestHandler):
    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        sent.append(form["refresh_token"][0])
        reply = {"access_token": "x", "token_type": "Bearer", "expires_in": 1800, "scope": "offline_access"}
        body = json.dumps({**reply, "refresh_token": f"made-up-{len(sent)}", **more}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Issuer)
threading.Thread(target=server.serve_forever, daemon=True).start()
TokenApi.refresh_token_url = f"http://127.0.0.1:{server.server_port}/token"


def calls():
    sent.clear()
    old = {"access_token": "x", "token_type": "Bearer", "expires_in": 1800, "expires_at": time.time() - 60}
    store = {"token": {**old, "scope": ["offline_access"], "refresh_token": "made-up-0"}}
    client = ApiClient(Configuration(oauth2_token=OAuth2Token(client_id="made-up-id", client_secret="made-up-secret")))
    client.oauth2_token_getter(lambda: store["token"])
    client.oauth2_token_saver(lambda token: store.update(token=token))
    said = ""
    for _ in range(2):
        try:
            client.configuration.oauth2_token.create_auth_settings(client)
        except TypeError:
            said = ", TypeError"
    return f"saved {store['token']['refresh_token']}{said}", list(sent)


plain, first = calls()
print(f"the members that it knows: {plain}; {len(first)} refresh")
more = {"session_state": "made-up"}
told, second = calls()
print(f"and session_state: {told}; {len(second)} refreshes, both of {second[-1]}")
seen = [plain, first, told, second]
sys.exit(0 if seen == ["saved made-up-1", ["made-up-0"], "saved made-up-0, TypeError", ["made-up-0"] * 2] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
