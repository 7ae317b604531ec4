#!/bin/sh
# zai-sdk 0.2.3 (智谱 Z.ai) and the Ark part of volcengine-python-sdk 5.0.54 (火山方舟), CPython 3.11: a stream is asked for, and the
# answer is JSON with status 200: the whole completion, from a server or a cache that does not stream, or an error in an envelope,
# as many Chinese APIs and gateways have it.
#
# Expected: the completion as one piece, or an exception; the Content-Type says that it is no stream.
# Seen: a stream of nothing, and no error: the program goes on with an empty answer. An error that comes as a piece of a real stream
# is an exception in both.
#
# Output seen:
#   zai-sdk: a whole completion: 0 pieces; an error: 0 pieces; an error in a stream: APIResponseError
#   ark: a whole completion: 0 pieces; an error: 0 pieces; an error in a stream: ArkAPIError
#
# Keyless: its own errors have a status from 400 on, and a dead token that is told in a 200 is renewed before the client sees it,
# where the preset's `refused` rules know the code. Exits 1 once it is otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'zai-sdk==0.2.3' 'volcengine-python-sdk[ark]==5.0.54'
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from volcenginesdkarkruntime import Ark
from zai import ZaiClient

ERROR = {"error": {"code": "1001", "message": "made up"}}
WHOLE = {
    "id": "x", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
}
kind, body = "", b""


class Api(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"


def pieces(client):
    try:
        stream = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}], stream=True)
        return f"{len(list(stream))} pieces"
    except Exception as error:
        return type(error).__name__


seen = []
for name, client in (("zai-sdk", ZaiClient(api_key="made.up", base_url=url)), ("ark", Ark(api_key="made-up", base_url=url))):
    told = []
    for what, kind, body in (
        ("a whole completion", "application/json", json.dumps(WHOLE).encode()),
        ("an error", "application/json", json.dumps(ERROR).encode()),
        ("an error in a stream", "text/event-stream", b"data: " + json.dumps(ERROR).encode() + b"\n\n"),
    ):
        seen.append(pieces(client))
        told.append(f"{what}: {seen[-1]}")
    print(f"{name}: {'; '.join(told)}")
sys.exit(0 if seen == ["0 pieces", "0 pieces", "APIResponseError", "0 pieces", "0 pieces", "ArkAPIError"] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/ask.py"
