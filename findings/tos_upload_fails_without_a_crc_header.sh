#!/bin/sh
# tos 2.9.3 (火山引擎 TOS), CPython 3.11: the store answers an upload with 200, without x-tos-hash-crc64ecma.
#
# Expected: the upload has succeeded; what the server did not tell can't be compared.
# Seen: TosClientError, "Check CRC failed", with the sum that was expected of the server given as None: the object is there, and
# the program believes that it is not. `enable_crc=False` avoids it.
#
# Output seen:
#   put: TosClientError
#   put, enable_crc=False: 200
#
# Keyless: passes the header on; docs/sdks.md names the setting. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'tos==2.9.3'
cat > "$folder/put.py" <<'PYTHON'
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import tos


class Store(BaseHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("x-tos-request-id", "made-up")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()


def put(**options):
    client = tos.TosClientV2(
        "made-up-access-key", "made-up-secret-key", f"http://127.0.0.1:{server.server_port}", "cn-beijing",
        max_retry_count=0, is_custom_domain=True, **options,
    )
    try:
        return str(client.put_object("bucket", "key", content=b"content").status_code)
    except tos.exceptions.TosClientError as error:
        assert "CRC" in str(error), error
        return "TosClientError"


checked, unchecked = put(), put(enable_crc=False)
print("put:", checked)
print("put, enable_crc=False:", unchecked)
sys.exit(0 if (checked, unchecked) == ("TosClientError", "200") else 1)
PYTHON
"$folder/venv/bin/python" "$folder/put.py"
