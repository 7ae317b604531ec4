#!/bin/sh
# upyun 2.5.5 (又拍云) with requests 2.34.2, CPython 3.11: other code of the same process asks a slow API by requests, with a timeout.
#
# Expected: a read timeout is requests' ReadTimeout, whatever else the process has called before.
# Seen: after one call of UpYun's SDK it is a ConnectionError, and no Timeout, for every session that is made from then on: the SDK
# sets a variable of requests' module, DEFAULT_RETRIES, with each call. It means five tries by it, and gets one, as before; but
# requests then takes its own default for a number that somebody chose. Code that catches Timeout no longer does.
#
# Output seen:
#   before: ReadTimeout, 1 try
#   after a call of UpYun's: ConnectionError, 1 try
#   a session made before: ReadTimeout, 1 try
#
# Keyless: the proxy asks nothing by requests, and its library's adapter for it says ReadTimeout itself (proxy/library/adapter.py). Exits
# 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'upyun==2.5.5' 'requests==2.34.2'
cat > "$folder/ask.py" <<'PYTHON'
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
import upyun

slow_calls = 0


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        global slow_calls
        if self.path == "/slow":
            slow_calls += 1
            time.sleep(1)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = f"127.0.0.1:{server.server_port}"


def ask(session):
    global slow_calls
    slow_calls = 0
    try:
        session.get(f"http://{host}/slow", timeout=0.3)
    except requests.exceptions.RequestException as error:
        return f"{type(error).__name__}, {slow_calls} try"


old = requests.Session()
seen = [ask(requests.Session())]
upyun.UpYun("bucket", "made-up", "made-up", timeout=5, endpoint=host).get("/made-up")
seen += [ask(requests.Session()), ask(old)]
for what, said in zip(("before", "after a call of UpYun's", "a session made before"), seen):
    print(f"{what}: {said}")
sys.exit(0 if seen == ["ReadTimeout, 1 try", "ConnectionError, 1 try", "ReadTimeout, 1 try"] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
