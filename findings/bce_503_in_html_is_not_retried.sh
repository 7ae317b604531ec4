#!/bin/sh
# bce-python-sdk 0.9.79 (百度智能云), CPython 3.11: a load balancer answers 503 twice, then the API answers. The SDK's policy
# (BackOffRetryPolicy, its default) is to try again after a 503.
#
# Expected: three tries, whatever stands in the body of the 503, as its status is what the policy asks for.
# Seen: with an empty body three tries and the answer; with HTML one try and a BceHttpClientError without a status: the body is
# read as JSON before the status is kept, and what that raises (ValueError, or KeyError for JSON without `requestId`) is no error
# of the server's to the policy.
#
# Output seen:
#   empty: 3 tries, answered
#   html: 1 tries, BceHttpClientError, status None
#   json without requestId: 1 tries, BceHttpClientError, status None
#
# Keyless: its own errors have a `requestId` on routes of Baidu's cloud. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'bce-python-sdk==0.9.79'
cat > "$folder/ask.py" <<'PYTHON'
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from baidubce.auth.bce_credentials import BceCredentials
from baidubce.bce_client_configuration import BceClientConfiguration
from baidubce.exception import BceHttpClientError
from baidubce.services.bos.bos_client import BosClient

logging.disable(logging.CRITICAL)
tries, trouble = 0, b""


class Store(BaseHTTPRequestHandler):
    def do_GET(self):
        global tries
        tries += 1
        body = trouble if tries < 3 else b"content"
        self.send_response(503 if tries < 3 else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
bodies = {
    "empty": b"",
    "html": b"<html><body>503 Service Temporarily Unavailable</body></html>",
    "json without requestId": b'{"code": "ServiceUnavailable", "message": "later"}',
}
seen = []
for what, trouble in bodies.items():
    tries = 0
    keys = BceCredentials("made-up-access-key", "made-up-secret-key")
    client = BosClient(BceClientConfiguration(credentials=keys, endpoint=f"http://127.0.0.1:{server.server_port}"))
    try:
        client.get_object_as_string("bucket", "key")
        said = "answered"
    except BceHttpClientError as error:
        said = f"BceHttpClientError, status {error.status_code}"
    print(f"{what}: {tries} tries, {said}")
    seen.append(tries)
sys.exit(0 if seen == [3, 1, 1] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
