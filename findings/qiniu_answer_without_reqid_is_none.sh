#!/bin/sh
# qiniu 7.18.0 (七牛云), CPython 3.11: the API answers 200 with JSON, and something on the way has taken its X-Reqid header.
#
# Expected: the answer, or an exception that says what is missing.
# Seen: `(None, info)` with status 200 and no exception: the caller finds no answer and no error.
#
# Output seen:
#   with X-Reqid: ['bucket'] 200
#   without: None 200
#
# Keyless: passes the header on (a test in tests/sdks). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'qiniu==7.18.0'
cat > "$folder/ask.py" <<'PYTHON'
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import qiniu

headers = {"X-Reqid": "made-up"}


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": "10"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b'["bucket"]')

    do_POST = do_GET

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
qiniu.set_default(default_uc_host=f"http://127.0.0.1:{server.server_port}")
manager = qiniu.BucketManager(qiniu.Auth("made-up-access-key", "made-up-secret-key"))
found, info = manager.buckets()
print("with X-Reqid:", found, info.status_code)
headers.clear()
missing, info = manager.buckets()
print("without:", missing, info.status_code)
sys.exit(0 if found == ["bucket"] and missing is None and info.status_code == 200 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
