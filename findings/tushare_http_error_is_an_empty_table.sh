#!/bin/sh
# tushare 1.4.29 (财经数据), CPython 3.11: the API, or a gateway before it, answers with an HTTP error that says why in words.
#
# Expected: an exception, as for an error that comes with status 200.
# Seen: an empty DataFrame. `if res:` of requests is false for every status from 400 on; the answer is never read.
#
# Output seen:
#   an error with 200: Exception: token is wrong
#   401: an empty table, columns []
#   403: an empty table, columns []
#   503: an empty table, columns []
#
# Keyless: nothing can be done before such a client; docs/sdks-table.md says so. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'tushare==1.4.29' six  # which it imports, and does not name
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from tushare.pro.client import DataApi

status = 200


class Api(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"code": 40101, "msg": "token is wrong", "data": None}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
DataApi._DataApi__http_url = f"http://127.0.0.1:{server.server_port}"
api = DataApi("made-up-token")
try:
    api.query("stock_basic")
    raised = False
except Exception as error:
    raised = True
    print("an error with 200:", f"{type(error).__name__}: {error}")
empty = 0
for status in (401, 403, 503):
    table = api.query("stock_basic")
    empty += table.empty
    print(f"{status}: an empty table, columns {list(table.columns)}")
sys.exit(0 if raised and empty == 3 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
