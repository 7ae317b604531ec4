#!/bin/sh
# authlib 1.9.6 (client credentials), lark-oapi 1.7.5 (飞书) and dingtalk-stream 0.24.3 (钉钉), CPython 3.11: an issuer, or a token
# server before it that hands out what it has (as it must where the rest of a life is short), says that a token lives for N seconds.
#
# Expected: the token is used for those N seconds, or most of them.
# Seen: each takes a fixed margin off, 60, 600 and 300 s, however short the life is: up to the margin a token is dead as soon as it
# is there, and each call buys another, in silence; authlib asks even twice before the first. With half a minute more there is one.
#
# Output seen (tokens for three calls):
#   authlib: 60 s: 4; 90 s: 1
#   lark-oapi: 600 s: 3; 630 s: 1
#   dingtalk-stream: 300 s: 3; 330 s: 1
#
# Keyless: its margins are parts of the life, an eighth and a quarter (trap 9); its stand-ins for SDKs say 7200 s and more, so that
# no SDK comes back with each call. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  'authlib==1.9.6' 'lark-oapi==1.7.5' 'dingtalk-stream==0.24.3' 'requests==2.34.2'
cat > "$folder/ask.py" <<'PYTHON'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dingtalk_stream
import lark_oapi
from authlib.integrations.requests_client import OAuth2Session
from dingtalk_stream import stream
from lark_oapi.api.im.v1 import ListChatRequest

logging.disable(logging.CRITICAL)
bought, life = 0, 0


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        global bought
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        reply = {"code": 0, "msg": "ok", "data": {}}
        if "oken" in self.path:
            bought += 1
            reply |= {"access_token": "x", "token_type": "Bearer", "expires_in": life}
            reply |= {"tenant_access_token": "x", "expire": life, "accessToken": "x", "expireIn": life}
        body = json.dumps(reply).encode()
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
stream.DINGTALK_OPENAPI_ENDPOINT = url


def authlib():
    session = OAuth2Session("made-up-id", "made-up-secret", token_endpoint=url + "/token", grant_type="client_credentials")
    session.fetch_token()
    return lambda: session.get(url + "/api")


def lark():
    client = lark_oapi.Client.builder().app_id(f"cli_{life}").app_secret("made-up-secret").domain(url).build()
    return lambda: client.im.v1.chat.list(ListChatRequest.builder().build())


def dingtalk():
    return dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential("made-up-id", "made-up-secret")).get_access_token


def tokens(sdk, seconds):
    global bought, life
    bought, life = 0, seconds
    call = sdk()
    for _ in range(3):
        call()
    return bought


seen = []
for name, sdk, margin, more in (("authlib", authlib, 60, 30), ("lark-oapi", lark, 600, 30), ("dingtalk-stream", dingtalk, 300, 30)):
    seen += [tokens(sdk, margin), tokens(sdk, margin + more)]
    print(f"{name}: {margin} s: {seen[-2]}; {margin + more} s: {seen[-1]}")
sys.exit(0 if seen == [4, 1, 3, 1, 3, 1] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
