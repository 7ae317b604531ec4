#!/bin/sh
# baidu-aip 4.16.13 (百度 AI 开放平台), CPython 3.11: the token endpoint answers the first token call with an error in JSON, a 503 that
# is over a moment later. The API takes anything.
#
# Expected: an error, and another token call with the next request; and then one for 30 days.
# Seen: never another token call. A reply without the scope that the SDK looks for means to it that the keys are those of Baidu's
# cloud (IAM): from then on it signs each request with bce-auth-v1, until the process ends, and tells nobody. With keys of the AI
# platform alone each request is refused from then on.
#
# Output seen:
#   token endpoint well: 1 token call; requests with access_token: 3, signed bce-auth-v1: 0
#   one 503 at first: 1 token call; requests with access_token: 0, signed bce-auth-v1: 3
#
# Keyless: on such a route a signature is removed and the token put in just as well, so that an error of its stand-in, too, ends with
# its cause; who asks for client keys finds in docs/sdks.md which of the two keys it must be. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'baidu-aip==4.16.13' chardet  # which it imports, and does not name
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer

from aip import AipOcr
from aip.base import AipBase

warnings.simplefilter("ignore")
asked = with_token = signed = 0
well = True


class Api(BaseHTTPRequestHandler):
    def do_POST(self):
        global asked, with_token, signed
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, reply = 200, {"words_result": [], "log_id": 1}
        if self.path.startswith("/oauth/"):
            asked += 1
            reply = {"access_token": "made-up", "expires_in": 2592000, "scope": "public brain_all_scope"}
            if asked == 1 and not well:
                status, reply = 503, {"error": "temporarily_unavailable", "error_description": "later"}
        else:
            with_token += "access_token=" in self.path
            signed += self.headers.get("Authorization", "").startswith("bce-auth-v1")
        body = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
AipBase._AipBase__accessTokenUrl = url + "/oauth/2.0/token"  # it has no setting for its hosts
AipOcr._AipOcr__generalBasicUrl = url + "/ocr"
seen = []
for what, well in (("token endpoint well", True), ("one 503 at first", False)):
    asked = with_token = signed = 0
    client = AipOcr("made-up-app", "made-up-api-key", "made-up-secret-key")
    for _ in range(3):
        assert "words_result" in client.basicGeneral(b"picture")
    seen.append((asked, with_token, signed))
    print(f"{what}: {asked} token call; requests with access_token: {with_token}, signed bce-auth-v1: {signed}")
sys.exit(0 if seen == [(1, 3, 0), (1, 0, 3)] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
