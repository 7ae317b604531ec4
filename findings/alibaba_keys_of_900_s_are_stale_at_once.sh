#!/bin/sh
# alibabacloud_credentials 1.0.12 (阿里云), CPython 3.11: temporary keys that live for 900 s, the shortest that the SDK itself lets a
# role's session ask for; here from its `credentials_uri`.
#
# Expected: they are kept for most of a quarter of an hour.
# Seen: they count as stale 900 s before their end, thus at once: each request to the cloud first asks for others. With 20 minutes
# there is one.
#
# Output seen (of four calls):
#   1200 s: 1 asked for
#   900 s: 4 asked for
#
# Keyless: margins are parts of the life, at most a quarter (trap 9). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'alibabacloud_credentials==1.0.12'
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from alibabacloud_credentials.client import Client
from alibabacloud_credentials.models import Config

asked = life = 0


class Keys(BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += 1
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + life))
        keys = {"AccessKeyId": "made-up", "AccessKeySecret": "made-up", "SecurityToken": "made-up"}
        body = json.dumps({"Code": "Success", "Expiration": end, **keys}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Keys)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = []
for life in (1200, 900):
    asked = 0
    client = Client(Config(type="credentials_uri", credentials_uri=f"http://127.0.0.1:{server.server_port}"))
    for _ in range(4):
        client.get_credential()
    seen.append(asked)
    print(f"{life} s: {asked} asked for")
sys.exit(0 if seen == [1, 4] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
