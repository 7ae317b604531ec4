#!/bin/sh
# esdk-obs-python 3.26.6 (华为云 OBS), CPython 3.11: `signature="obs"` is asked for, and the bucket stands in the path, because
# that is asked for as well, or because the server is an IP address.
#
# Expected: OBS's own signature (`Authorization: OBS ...`, x-obs-meta-...), as asked for; or an error.
# Seen: S3's version 2 in its place, without a word: `Authorization: AWS ...`, x-amz-meta-...
#
# Output seen:
#   path_style=True: AWS, x-amz-meta-a
#   an IP address: AWS, x-amz-meta-a
#
# Keyless: signs anew what came in version 2's words, too (docs/sdks.md). Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'esdk-obs-python==3.26.6'
cat > "$folder/put.py" <<'PYTHON'
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from obs import ObsClient

seen = []


class Store(BaseHTTPRequestHandler):
    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        meta = next((name for name in self.headers if "-meta-" in name.lower()), "none")
        seen.append((self.headers["Authorization"].split(" ")[0], meta.lower()))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Store)
threading.Thread(target=server.serve_forever, daemon=True).start()
for what, host, path_style in (("path_style=True", "localhost", True), ("an IP address", "127.0.0.1", False)):
    client = ObsClient(
        "made-up-access-key", "made-up-secret-key", server=f"http://{host}:{server.server_port}",
        signature="obs", path_style=path_style, max_retry_count=0,
    )
    client.putContent("bucket", "key", "content", metadata={"a": "b"})
    print(f"{what}: {', '.join(seen[-1])}")
sys.exit(0 if seen == [("AWS", "x-amz-meta-a")] * 2 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/put.py"
