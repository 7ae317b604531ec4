#!/bin/sh
# tuya-connector-python 0.1.2 (涂鸦智能), CPython 3.11: the API, or a gateway before it, answers with an HTTP error; and, apart from
# that, its clock is two hours behind the program's.
#
# Expected: an error that tells the status; and a token that is used for the two hours that it is good for.
# Seen: AttributeError, "'Response' object has no attribute 'body'", from the line that would log the error: status and words are
# lost. And the token's end is reckoned from the reply's `t`, by the API's clock, and compared with the program's own: dead on
# arrival, so that each call begins with a refresh.
#
# Output seen:
#   503: AttributeError
#   the same clock: 1 token, 3 calls
#   two hours behind: 4 tokens, 3 calls
#
# Keyless: life counts from the moment the token call was sent, and an absolute end by the reply's own Date (docs/lifecycle.md).
# For the lost words nothing can be done before such a client. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'tuya-connector-python==0.1.2'
cat > "$folder/ask.py" <<'PYTHON'
import json
import logging
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from tuya_connector import TuyaOpenAPI

logging.disable(logging.CRITICAL)
seen, status, behind = [], 200, 0


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        token = self.path.startswith("/v1.0/token")
        seen.append("token" if token else "call")
        result = {"access_token": "x", "refresh_token": "made-up", "expire_time": 7200, "uid": "made-up"}
        reply = {"success": True, "t": int(time.time() * 1000) - behind, "result": result}
        body = json.dumps(reply).encode()
        self.send_response(200 if token else status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()


def client():
    seen.clear()
    api = TuyaOpenAPI(f"http://127.0.0.1:{server.server_port}", "made-up-id", "made-up-secret")
    assert api.connect()["success"]
    return api


status = 503
try:
    client().get("/v1.0/made-up")
    said = "no error"
except AttributeError as error:
    said = "AttributeError" if "body" in str(error) else str(error)
print("503:", said)
status, counts = 200, []
for what, behind in (("the same clock", 0), ("two hours behind", 7_200_000)):
    api = client()
    for _ in range(3):
        assert api.get("/v1.0/made-up")["success"]
    counts.append((seen.count("token"), seen.count("call")))
    print(f"{what}: {counts[-1][0]} token{'s' if counts[-1][0] > 1 else ''}, {counts[-1][1]} calls")
sys.exit(0 if said == "AttributeError" and counts == [(1, 3), (4, 3)] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
